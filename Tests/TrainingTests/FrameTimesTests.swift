import Foundation
import Testing

@testable import Training

struct FrameTimesTests {
    @Test func areSecondsAfterTheFirstFrame() {
        let times = FrameTimes(
            pts: [9000, 18000, 90_000], timeBase: "1/90000", frameIndices: [1, 2, 3])
        #expect(times.seconds.map { ($0 * 1000).rounded() } == [0, 100, 900])
    }

    @Test(arguments: [("1/25", 0.04), ("1001/30000", 1001.0 / 30000), ("1/90000", 0.04)])
    func countFramesWhereThereAreNoTimes(_ timeBase: String, _ frame: Double) {
        let times = FrameTimes(pts: [0, nil, 20], timeBase: timeBase, frameIndices: [3, 5, 8])
        #expect(zip(times.seconds, [0, 2, 5]).allSatisfy { abs($0 - $1 * frame) < 1e-9 })
    }

    @Test func areReadFromASample() {
        let json = """
            {"key":"0","receipt":{"pts":[0,512,null],"time_base":"1/25600","frame_indices":[0,1,2],
            "codec":"h264"}}
            """
        #expect(FrameTimes(metadata: [UInt8](json.utf8))?.seconds == [0, 0.04, 0.08])
        #expect(FrameTimes(metadata: [UInt8]("{}".utf8)) == nil)
    }
}

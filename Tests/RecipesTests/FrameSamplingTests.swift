import Foundation
import Recipes
import TestSupport
import Testing

@Suite struct FrameSamplingTests {
    private struct Reference: Decodable {
        let total: Int
        let frames: Int
        let indices: [Int]
    }

    @Test func linspaceEqualsNumpy() throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("golden/linspace.json")))
        let references = try JSONDecoder().decode([Reference].self, from: data)
        #expect(!references.isEmpty)
        for reference in references {
            let indices = FrameSampling.linspace.indices(
                numFrames: reference.total, count: reference.frames)
            #expect(indices == reference.indices, "N \(reference.total), T \(reference.frames)")
        }
    }

    @Test func floorTakesTheFirstFrameOfEachPart() {
        #expect(FrameSampling.floor.indices(numFrames: 10, count: 4) == [0, 2, 5, 7])
        #expect(FrameSampling.floor.indices(numFrames: 3, count: 5) == [0, 0, 1, 1, 2])
    }

    @Test func middleTakesTheCentreOfEachPart() {
        #expect(FrameSampling.middle.indices(numFrames: 10, count: 4) == [1, 3, 6, 8])
        #expect(FrameSampling.middle.indices(numFrames: 1, count: 3) == [0, 0, 0])
    }

    @Test(arguments: FrameSampling.allCases)
    func staysInsideTheVideo(for sampling: FrameSampling) {
        for numFrames in 1...40 {
            for count in 1...40 {
                let indices = sampling.indices(numFrames: numFrames, count: count)
                #expect(indices.count == count)
                #expect(indices == indices.sorted())
                #expect(indices.allSatisfy { (0..<numFrames).contains($0) })
            }
        }
    }

    @Test(arguments: FrameSampling.allCases)
    func givesNothingWithoutFrames(for sampling: FrameSampling) {
        #expect(sampling.indices(numFrames: 0, count: 8).isEmpty)
    }
}

import Testing

@testable import VideoDecoding

@Suite struct OrientationTests {
    /// A display matrix, and where it puts the pixels `ABC` over `DEF`.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// (a, b, c, d) in units of 1/65536, without translation.
        let matrix: [Int32]
        let rotation: Int
        let mirrored: Bool
        let picture: [String]
    }

    static let cases = [
        Case(
            testDescription: "upright", matrix: [1, 0, 0, 1], rotation: 0, mirrored: false,
            picture: ["ABC", "DEF"]),
        Case(
            testDescription: "a quarter turn clockwise", matrix: [0, 1, -1, 0], rotation: 270,
            mirrored: false, picture: ["DA", "EB", "FC"]),
        Case(
            testDescription: "upside down", matrix: [-1, 0, 0, -1], rotation: 180, mirrored: false,
            picture: ["FED", "CBA"]),
        Case(
            testDescription: "a quarter turn counterclockwise", matrix: [0, -1, 1, 0], rotation: 90,
            mirrored: false, picture: ["CF", "BE", "AD"]),
        Case(
            testDescription: "left and right swapped", matrix: [-1, 0, 0, 1], rotation: 0,
            mirrored: true, picture: ["CBA", "FED"]),
        Case(
            testDescription: "top and bottom swapped", matrix: [1, 0, 0, -1], rotation: 180,
            mirrored: true, picture: ["DEF", "ABC"]),
        Case(
            testDescription: "rows become columns", matrix: [0, 1, 1, 0], rotation: 270,
            mirrored: true, picture: ["AD", "BE", "CF"]),
        Case(
            testDescription: "rows become columns from below", matrix: [0, -1, -1, 0], rotation: 90,
            mirrored: true, picture: ["FC", "EB", "DA"]),
    ]

    @Test(arguments: cases)
    func turnsThePicture(_ example: Case) {
        let matrix = example.matrix.map { $0 << 16 }
        let display = [matrix[0], matrix[1], 0, matrix[2], matrix[3], 0, 0, 0, 1 << 30]
        let orientation = display.withUnsafeBufferPointer {
            Orientation(displayMatrix: $0.baseAddress)
        }
        #expect(orientation.rotation == example.rotation)
        #expect(orientation.mirrored == example.mirrored)

        let source: [UInt8] = ["ABC", "DEF"].flatMap { grey($0) + [0, 0, 0] }
        var turned = [UInt8](repeating: 0, count: 18)
        var target = turned.mutableSpan
        orientation.apply(to: source.span, width: 3, height: 2, stride: 12, into: &target)
        #expect(turned == example.picture.flatMap(grey))
    }

    /// One RGB pixel per letter.
    private func grey(_ row: String) -> [UInt8] {
        row.utf8.flatMap { [$0, $0, $0] }
    }

    @Test func takesAMissingOrEmptyMatrixAsUpright() {
        #expect(Orientation(displayMatrix: nil) == .upright)
        let zeros = [Int32](repeating: 0, count: 9)
        #expect(
            zeros.withUnsafeBufferPointer { Orientation(displayMatrix: $0.baseAddress) } == .upright
        )
    }
}

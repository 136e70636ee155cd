import Files
import Foundation
import TestSupport
import Testing

/// What the programs show on a narrow terminal, made by `script`.
@Suite(.serialized)
struct TerminalTests {
    private static let width = 40

    /// Runs a program in `folder` on a terminal of 40 columns; returns what it wrote, line by line,
    /// where a line that is written over counts each time.
    private func run(_ program: String, _ line: String, in folder: URL) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
        process.currentDirectoryURL = folder
        process.arguments = [
            "-qec", "stty cols \(Self.width); exec '\(BuiltProgram.path(program))' \(line)",
            "typed",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(line)")
        let text = try String(contentsOf: folder.appendingPathComponent("typed"), encoding: .utf8)
        // The first and last line are those of `script`.
        return text.replacing(/\u{1B}\[[0-9;]*[mK]/, with: "")
            .split(whereSeparator: { $0.isNewline }).dropFirst().dropLast().map(String.init)
    }

    /// Lines that the terminal would break, but for words, such as paths, that are longer than it is wide.
    private func broken(_ lines: [String]) -> [String] {
        lines.filter { line in
            columns(of: line) > Self.width
                && line.split(separator: " ").allSatisfy {
                    columns(of: String($0)) <= Self.width - 4
                }
        }
    }

    @Test func nothingIsWiderThanTheTerminal() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let labels = ["walking the dog in the park", "riding a bike without hands", "走るのが速い"]
        let rows = (0..<18).map { number in
            let split = ["train", "validation", "test"][number / 3 % 3]
            return "real/realshort.mp4,\(labels[number % 3]),\(split),0.\(10 + number)"
        }
        try Data((["video,label,split,start"] + rows).joined(separator: "\n").utf8)
            .write(to: folder.appendingPathComponent("m.csv"))
        let root = Fixtures.path("videos")
        let built = try run(
            "vbprep", "build-shards m.csv --root \(root) --out d --frames 1 --image-size 28",
            in: folder)
        #expect(broken(built) == [] && built.contains { $0.contains("clips 18/18") })
        let features = try run(
            "vbprep", "extract-features --shards d --model preset:tiny --out f", in: folder)
        #expect(broken(features) == [])
        let trained = try run(
            "vbtrain", "--shards f --out r --epochs 3 --batch-size 1 --gradient-accumulation 1",
            in: folder)
        #expect(broken(trained) == [])
        #expect(trained.contains { $0.contains(/step \d+\/18 .*loss .*\d:\d\d:\d\d left/) })
        #expect(
            !trained.contains { $0.contains("step 10/18  epoch") && $0.contains("questions/s") })
        let evaluated = try run("vbtrain", "evaluate r --split val", in: folder)
        #expect(broken(evaluated) == [])
        #expect(evaluated.contains { $0.contains("prec   rec    f1     n") })
        #expect(evaluated.contains { $0.contains("2 walking the dog") })
        #expect(broken(try run("vbprep", "inspect d", in: folder)) == [])
        #expect(broken(try run("vbprep", "doctor m.csv --root \(root)", in: folder)) == [])
    }
}

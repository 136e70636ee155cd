import Foundation
import TestSupport
import Testing

/// Names that strangers choose are text on every page, whatever they hold.
@Suite(.serialized)
struct HostileNamesTests {
    private static let names = [
        "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
        "\"quoted\" & 'single' <!--", "\u{202E}txet\u{2028}\u{2066}",
        String(repeating: "long ", count: 2000),
    ]

    /// A folder with a clip of each class in each split; names, prompts, groups and the path are hostile.
    private func makeFolder() throws -> URL {
        let folder = try Fixtures.makeTemporaryDirectory()
        let video = "<b onclick=alert(1)>&\"\u{202E}.mp4"
        try FileManager.default.copyItem(
            atPath: Fixtures.path("videos/real/realshort.mp4"),
            toPath: folder.appendingPathComponent(video).path)
        func quoted(_ text: String) -> String { "\"\(text.replacing("\"", with: "\"\""))\"" }
        var rows = ["video,label,split,start,prompt,group"]
        for (number, name) in Self.names.enumerated() {
            for (index, split) in ["train", "validation", "test"].enumerated() {
                let start = "0.\(number)\(index)"
                rows.append(
                    [
                        quoted(video), quoted(name), split, start, quoted("? \(name)"),
                        quoted("\(split) \(name)"),
                    ].joined(separator: ","))
            }
        }
        try Data((rows.joined(separator: "\n") + "\n").utf8)
            .write(to: folder.appendingPathComponent("m.csv"))
        return folder
    }

    private func run(_ folder: URL, _ program: String, _ line: String) throws {
        let outcome = try BuiltProgram(
            program, line.split(separator: " ").map(String.init), directory: folder
        ).outcome()
        #expect(outcome.status == 0, "\(line): \(outcome.errors)")
    }

    @Test func areTextOnEveryPage() throws {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        try run(folder, "vbprep", "build-shards m.csv --out data --frames 1 --image-size 28")
        try run(folder, "vbprep", "extract-features --shards data --model preset:tiny")
        let training = "--shards data-features --epochs 1 --qformer preset:small --ignore-prompts"
        for seed in 1...2 {
            try run(folder, "vbtrain", "\(training) --out run\(seed) --seed \(seed)")
            try run(folder, "vbtrain", "evaluate run\(seed)")
        }
        try run(folder, "vbtrain", "compare run1 run2 --html compare.html")
        for name in ["data/dataset.html", "run1/report.html", "compare.html"] {
            let page = try String(
                contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            #expect(page.count { $0 == "\u{202E}" } < 100 && page.utf8.count < 2_000_000)
            let parts = page.components(separatedBy: "<script")
            #expect(parts.count == 3, "\(name) has \(parts.count - 1) scripts")
            let start = try #require(page.range(of: "id=\"data\">"))
            let end = try #require(page[start.upperBound...].range(of: "</script>"))
            let data = page[start.upperBound..<end.lowerBound]
            #expect(!data.contains("<"))
            #expect(data.contains("alert(1)") || name == "compare.html")
            #expect(throws: Never.self) {
                _ = try JSONSerialization.jsonObject(with: Data(data.utf8))
            }
            #expect(!page[..<start.lowerBound].contains("alert(1)"))
            #expect(!page[end.upperBound...].contains("alert(1)"))
        }
    }
}

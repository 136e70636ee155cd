import Foundation
import TestSupport
import Testing

@testable import Models

struct WordPieceTokenizerTests {
    private struct Reference: Decodable {
        let text: String
        let ids: [Int]
    }

    private func makeTokenizer() throws -> WordPieceTokenizer {
        try WordPieceTokenizer(path: Fixtures.path("bert/vocab.txt"))
    }

    private func write(_ text: String, as name: String) throws -> (folder: URL, path: String) {
        let folder = try Fixtures.makeTemporaryDirectory()
        let file = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        return (folder, file.path)
    }

    @Test func agreesWithTokenizersOnEveryText() throws {
        let tokenizer = try makeTokenizer()
        #expect(tokenizer.vocabularySize == 30522)
        let file = URL(fileURLWithPath: Fixtures.path("golden/wordpiece.json"))
        let references = try JSONDecoder().decode([Reference].self, from: Data(contentsOf: file))
        #expect(references.count == 20)
        for reference in references {
            let ids = tokenizer.encode(reference.text, maximumLength: 4096)
            #expect(ids == reference.ids, "\(reference.text)")
        }
    }

    @Test(arguments: [2, 3, 5, 9])
    func truncatesBeforeTheLastToken(_ length: Int) throws {
        let tokenizer = try makeTokenizer()
        let whole = tokenizer.encode("what action is the person performing?")
        #expect(whole.count == 9)
        #expect(
            tokenizer.encode("what action is the person performing?", maximumLength: length)
                == whole.prefix(length - 1) + [102])
    }

    @Test func readsTokenizerJSON() throws {
        let json = """
            {"model": {"vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "run": 3, "##ning": 4}},
             "added_tokens": [{"id": 5, "content": "[DEC]"}]}
            """
        let (folder, path) = try write(json, as: "tokenizer.json")
        defer { try? FileManager.default.removeItem(at: folder) }
        let tokenizer = try #require(try WordPieceTokenizer.find(in: folder.path))
        #expect(tokenizer.vocabularySize == 6)
        #expect(tokenizer.encode("Running walk") == [1, 3, 4, 0, 2])
        #expect(try WordPieceTokenizer(path: path).encode("") == [1, 2])
    }

    @Test(arguments: ["", "[UNK]\n[CLS]\n", "{", #"{"model": {"vocab": {"[UNK]": -1}}}"#])
    func refusesOtherVocabularies(_ text: String) throws {
        for name in ["vocab.txt", "tokenizer.json"] {
            let (folder, path) = try write(text, as: name)
            defer { try? FileManager.default.removeItem(at: folder) }
            #expect(throws: ModelError.self) { try WordPieceTokenizer(path: path) }
        }
    }

    @Test(arguments: [
        #"{"type": "BPE", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2}, "merges": []}"#,
        #"{"type": "Unigram", "vocab": [["[UNK]", 0.0]]}"#,
    ])
    func namesAnotherKindOfVocabulary(_ model: String) throws {
        let (folder, path) = try write("{\"model\": \(model)}", as: "tokenizer.json")
        defer { try? FileManager.default.removeItem(at: folder) }
        let error = #expect(throws: ModelError.self) { try WordPieceTokenizer(path: path) }
        let kind = model.contains("BPE") ? "BPE" : "Unigram"
        #expect(error?.description.contains("of the kind \(kind)") == true)
    }

    @Test func findsNothingWhereThereIsNothing() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try WordPieceTokenizer.find(in: folder.path) == nil)
    }

    @Test(arguments: ["a", "\u{301}\u{323}\u{302E}\u{345}", "[MAS", "ж"])
    func readsAMegabyteOfAnything(_ unit: String) throws {
        let count = 1_000_000 / unit.unicodeScalars.count
        let ids = try makeTokenizer().encode(String(repeating: unit, count: count))
        #expect(ids.first == 101 && ids.last == 102 && ids.count <= 512)
    }

    /// Foundation's decomposition leaves U+302E before U+1D165's class, because of U+0F73.
    @Test func sortsTheMarksThatRemain() throws {
        let (folder, path) = try write(
            "[UNK]\n[CLS]\n[SEP]\na\n##\u{1D165}\n##\u{302E}\n", as: "vocab.txt")
        defer { try? FileManager.default.removeItem(at: folder) }
        let tokenizer = try WordPieceTokenizer(path: path)
        #expect(tokenizer.encode("a\u{302E}\u{F73}\u{1D165}") == [1, 3, 4, 5, 2])
    }

    @Test func readsLinesOfWindows() throws {
        let (folder, path) = try write("[UNK]\r\n[CLS]\r\n[SEP]\r\nrun\r\n", as: "vocab.txt")
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try WordPieceTokenizer(path: path).encode("run") == [1, 3, 2])
    }

    @Test func refusesCasedTokenizers() throws {
        let json = """
            {"model": {"vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2}},
             "normalizer": {"type": "BertNormalizer", "lowercase": false}}
            """
        let (folder, path) = try write(json, as: "tokenizer.json")
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: ModelError.self) { try WordPieceTokenizer(path: path) }
    }
}

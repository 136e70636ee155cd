import Foundation

@testable import Models
@testable import Training

/// Where this process puts inputs for parsers that read files.
let folder = Folder()

/// A directory in memory, with a small model and a small run beside the inputs.
struct Folder: Sendable {
    private let path = "/dev/shm/vbfuzz-\(getpid())"
    /// A folder with one video, as far as lists can tell.
    var videos: String { path + "/videos" }
    let tokenizer: WordPieceTokenizer

    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Fixtures").standardized.path
    /// A run that `make fuzz` has just made, so that it is of today's format.
    private static let run = ProcessInfo.processInfo.environment["RUN"] ?? ""

    init() {
        let manager = FileManager.default
        do {
            for name in ["videos", "model", "run/model", "unfinished"] {
                try manager.createDirectory(
                    atPath: "\(path)/\(name)", withIntermediateDirectories: true)
            }
            try Data().write(to: URL(fileURLWithPath: "\(path)/videos/v_Archery_g01_c01.avi"))
            for name in ["config.json", "model.safetensors"] {
                try manager.copyItem(
                    atPath: "\(Self.fixtures)/golden/blip2-tiny/\(name)",
                    toPath: "\(path)/model/\(name)")
            }
            let files = [
                "config.json", "metrics.json", "log.jsonl", "model/model.safetensors",
                "model/SHA256SUMS",
            ]
            for name in files {
                try manager.copyItem(atPath: "\(Self.run)/\(name)", toPath: "\(path)/run/\(name)")
            }
            tokenizer = try WordPieceTokenizer(path: "\(Self.fixtures)/bert/vocab.txt")
            _ = try RunDirectory(opening: "\(path)/run").loadModel()
            _ = try ModelDirectory.resolve("\(path)/model").makeVisionTransformer()
        } catch {
            fatalError("Cannot prepare \(path): \(error) Start this with `make fuzz`.")
        }
        atexit { try? FileManager.default.removeItem(atPath: folder.path) }
    }

    /// Writes an input and returns its path.
    @discardableResult
    func put(_ bytes: [UInt8], _ name: String) -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        precondition(write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
        return file
    }

    /// The model, with `files` instead of its own.
    func model(with files: [String: [UInt8]]) -> String {
        for (name, bytes) in files {
            put(bytes, "model/\(name)")
            // An index is read where there is no file of that name.
            if name.hasSuffix("index.json") {
                rename("\(path)/model/model.safetensors", "\(path)/model/a.safetensors")
            }
        }
        return "\(path)/model"
    }

    /// The run, with `files` instead of its own.
    func run(with files: [String: [UInt8]]) -> String {
        for (name, bytes) in files { put(bytes, "run/\(name)") }
        return "\(path)/run"
    }
}

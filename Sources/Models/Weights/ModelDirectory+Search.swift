import Files
import Foundation
import Recipes

// Where models are found.

extension ModelDirectory {
    /// Finds the model to use.
    ///
    /// That is `reference`, else what a run or dataset `recorded`, else `$VBPREP_MODEL`, else the
    /// only directory in `modelsDirectory`. Where something is recorded, the model found must have
    /// the recorded hash.
    /// - Throws: `ModelError.notFound` or `.ambiguous` if there is none, `.otherModel` if it is
    ///   another than the recorded; if it cannot be used, `.pickled`, `.invalidConfiguration`,
    ///   `.unsupportedModel`, `.malformedWeights` or `.file`.
    public static func resolve(
        _ reference: String?, recorded: RecordedModel? = nil, modelsDirectory: String = "models"
    ) throws(ModelError) -> ModelDirectory {
        let environment = ProcessInfo.processInfo.environment["VBPREP_MODEL"] ?? ""
        let given = reference ?? (environment.isEmpty || recorded != nil ? nil : environment)
        guard let recorded else {
            var chosen = given
            if chosen == nil { chosen = try onlyDirectory(in: modelsDirectory) }
            return try ModelDirectory(
                reference: chosen ?? "", modelsDirectory: modelsDirectory)
        }
        // First where it was, then where it may have been moved since.
        let others = [recorded.path, recorded.name] + (environment.isEmpty ? [] : [environment])
        var failure: ModelError?
        for candidate in given.map({ [$0] }) ?? others {
            do throws(ModelError) {
                let model = try ModelDirectory(
                    reference: candidate, modelsDirectory: modelsDirectory)
                let hash = try model.contentHash()
                guard hash == recorded.hash else {
                    throw .otherModel(
                        found: "\(candidate) (\(hash.prefix(12)))",
                        recorded: "\(recorded.name) (\(recorded.hash.prefix(12)))")
                }
                return model
            } catch {
                // That another model is there says more than that none is.
                if case .otherModel = failure { continue }
                if case .notFound = error, given == nil {
                    failure =
                        failure
                        ?? .notFound(
                            reference: "\(recorded.name) (\(recorded.hash.prefix(12)))",
                            reason: "it was at \(recorded.path); say where it is now with --model")
                } else if case .otherModel = error {
                    failure = error
                } else {
                    failure = failure ?? error
                }
            }
        }
        throw failure ?? .ambiguous(found: [])
    }

    private static func onlyDirectory(in folder: String) throws(ModelError) -> String {
        let manager = FileManager.default
        let found = ((try? manager.contentsOfDirectory(atPath: folder)) ?? []).filter {
            manager.fileExists(atPath: "\(folder)/\($0)/config.json")
        }
        guard found.count == 1 else { throw .ambiguous(found: found.sorted()) }
        return "\(folder)/\(found[0])"
    }

    private init(reference: String, modelsDirectory: String) throws(ModelError) {
        if reference.hasPrefix("preset:") {
            try self.init(preset: reference)
            return
        }
        let manager = FileManager.default
        // A dataset records the last component only; look beside the other models too.
        for candidate in [reference, "\(modelsDirectory)/\(reference)"]
        where manager.fileExists(atPath: "\(candidate)/config.json") {
            let name = URL(fileURLWithPath: candidate).lastPathComponent
            try self.init(
                directory: candidate, name: name, reference: absolutePath(candidate))
            return
        }
        if let snapshot = Self.snapshot(of: reference) {
            try self.init(directory: snapshot, name: reference, reference: reference)
            return
        }
        let exists = manager.fileExists(atPath: reference)
        throw .notFound(
            reference: reference,
            reason: exists ? "it has no config.json" : "there is no such directory or cache entry")
    }

    /// The newest snapshot of `owner/name` in the local Hugging Face cache.
    private static func snapshot(of reference: String) -> String? {
        let parts = reference.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") }) else {
            return nil
        }
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HF_HOME"] ?? "\(NSHomeDirectory())/.cache/huggingface"
        let folder = "\(home)/hub/models--\(parts[0])--\(parts[1])"
        let manager = FileManager.default
        if let revision = try? readFile("\(folder)/refs/main", maximumSize: 1024) {
            let commit = String(decoding: revision, as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let path = "\(folder)/snapshots/\(commit)"
            if manager.fileExists(atPath: "\(path)/config.json") { return path }
        }
        let snapshots = (try? manager.contentsOfDirectory(atPath: "\(folder)/snapshots")) ?? []
        return snapshots.sorted().map { "\(folder)/snapshots/\($0)" }
            .last { manager.fileExists(atPath: "\($0)/config.json") }
    }
}

import Files
import Foundation
import Recipes
import Shards

/// Where a stage puts what it makes, beside the published dataset, until all can be published.
///
/// The published files stay as they are until `commit`, which renames the new ones over them. It
/// first writes down what it will do; should it be interrupted, the next run does the rest.
struct DatasetStaging: Sendable {
    /// The dataset.
    let directory: String
    /// Whether no other process works here at the same time.
    var isAlone = true

    /// The published tars and sidecars.
    var shardDirectory: String { "\(directory)/\(ShardFormat.shardFolder)" }
    /// Finished and unfinished shards that are not published.
    var folder: String { "\(directory)/\(ShardFormat.stagingFolder)" }
    private var commitPath: String { "\(folder)/commit.json" }

    /// Renames and removals within the dataset.
    struct Commit: Codable {
        /// Paths that appear, each as a file of the same path in the staging folder.
        var moved: [String] = []
        /// Paths that disappear.
        var removed: [String] = []
    }

    /// Makes the directory ready, without touching anything that is somebody else's.
    /// - Parameters:
    ///   - kind: What will be written.
    ///   - overwrite: Whether another dataset may be replaced.
    ///   - objection: Says why the dataset that is there cannot be continued, or `nil`.
    /// - Throws: `PipelineError.outputInUse`; `ShardError`, as `Dataset`; `FileError.cannotCreate`
    ///   or `.system`.
    func prepare(
        for kind: DatasetDescription.Kind, overwrite: Bool,
        unless objection: (DatasetDescription) -> String?
    ) throws {
        try finishCommit()
        let names = try namesInDirectory(directory)
        if names.contains(ShardFormat.descriptionName) {
            if !overwrite {
                let existing = try Dataset(directory: directory).description
                let reason = existing.kind == kind ? objection(existing) : "is of another kind"
                if let reason {
                    throw PipelineError.outputInUse(
                        path: directory, reason: "holds a dataset that \(reason)")
                }
            }
        } else if !overwrite, try !isOurs(names) {
            throw PipelineError.outputInUse(path: directory, reason: "holds other files")
        }
        try makeDirectory(at: shardDirectory)
        removeAbandonedTemporaries(in: directory)
        try makeDirectory(at: "\(folder)/\(ShardFormat.shardFolder)")
    }

    /// Whether a directory without a description, which has these `names` in it, is a dataset that was
    /// begun or has lost its description.
    private func isOurs(_ names: [String]) throws -> Bool {
        if Set(names).isSubset(of: [ShardFormat.shardFolder, ShardFormat.stagingFolder]) {
            return true
        }
        return try fileExists("\(folder)/recipe")
            || namesInDirectory(shardDirectory).contains { name in
                name.hasSuffix(".json")
                    && ShardSummary(directory: shardDirectory, name: withoutExtension(name)) != nil
            }
    }

    /// Where shards are written.
    var stagedShardDirectory: String { "\(folder)/\(ShardFormat.shardFolder)" }

    /// Where samples that left the dataset are kept.
    var removed: RemovedSamples { RemovedSamples(ofDataset: directory) }

    /// All finished shards: of samples that left the dataset, published ones, and staged ones last.
    func shards() throws(FileError) -> [(directory: String, name: String)] {
        var shards = try removed.shardNames().map { (directory: removed.directory, name: $0) }
        for directory in [shardDirectory, stagedShardDirectory] {
            for name in try namesInDirectory(directory) where name.hasSuffix(".json") {
                shards.append((directory, String(name.dropLast(".json".count))))
            }
        }
        return shards
    }

    /// Whether anything was made here before.
    func isEmpty() throws(FileError) -> Bool {
        for directory in [shardDirectory, stagedShardDirectory] {
            if try !namesInDirectory(directory).isEmpty { return false }
        }
        return true
    }

    /// Where the finished shard `name` is, if it is whole and `isWanted` accepts its provenance.
    func directory(
        ofShard name: String, _ isWanted: (ShardSidecar.Provenance) -> Bool
    ) -> String? {
        [stagedShardDirectory, shardDirectory].first { directory in
            guard let summary = ShardSummary(directory: directory, name: name),
                isWanted(summary.provenance)
            else { return false }
            if summary.bytes == 0 { return true }
            return (try? FileStamp(path: "\(directory)/\(name).tar"))?.size == summary.bytes
        }
    }

    /// Notes that unfinished shards here are of `recipeHash`, and forgets those of another.
    /// - Throws: `PipelineError.outputInUse` if other tasks make those of another recipe, unless
    ///   the user wants to `overwrite` them.
    func begin(recipeHash: String, overwrite: Bool) throws {
        let path = "\(folder)/recipe"
        let noted = (try? readFile(path)).map { String(decoding: $0, as: UTF8.self) }
        if let noted, noted != recipeHash {
            guard isAlone || overwrite else {
                throw PipelineError.outputInUse(
                    path: directory,
                    reason:
                        "holds shards of tasks with other options or another processor (give all "
                        + "tasks the same options; for features `--isa` as well)")
            }
            try removeUnfinishedShards()
        }
        if noted != recipeHash { try publishFile(Array(recipeHash.utf8), at: path) }
    }

    /// Joins the tasks that work here at the same time.
    func join() throws(FileError) -> DirectoryLock {
        while true {
            try makeDirectory(at: stagedShardDirectory)
            let lock = try DirectoryLock(directory: folder, isShared: true, waits: true)
            // Whoever published in the meantime has removed the folder.
            if lock.isOn(folder) { return lock }
        }
    }

    /// Leaves the tasks that work here; the last one, which publishes, shuts others out.
    /// - Returns: `nil` if there are others.
    func leave(_ lock: inout DirectoryLock?) throws(FileError) -> DirectoryLock? {
        guard !isAlone else { return lock }
        lock = nil
        do throws(FileError) {
            let last = try DirectoryLock(directory: folder, isShared: false)
            return last.isOn(folder) ? last : nil
        } catch {
            if case .busy = error { return nil }
            if !fileExists(folder) { return nil }
            throw error
        }
    }

    /// Where tasks claim shards.
    var claimFolder: String { "\(folder)/claims" }

    /// What builds that were stopped or killed had appended to their shards.
    func unfinishedShards(recipeHash: String) -> [UnfinishedShard] {
        guard (try? readFile("\(folder)/recipe")) == Array(recipeHash.utf8) else { return [] }
        return UnfinishedShard.all(in: stagedShardDirectory, isAlone: isAlone)
    }

    /// Names this process in the files that it alone writes.
    static let processName: String = {
        let host = sha256Hex(Array(ProcessInfo.processInfo.hostName.utf8))
        return "\(getpid())-\(host.prefix(8))"
    }()

    /// What builds that were stopped or killed had noted of their sources.
    func sourceLogs() -> [[UInt8]] {
        let names = (try? namesInDirectory(folder)) ?? []
        return names.filter { $0.hasPrefix("sources-") }.compactMap {
            try? readFile("\(folder)/\($0)")
        }
    }

    private func removeUnfinishedShards() throws(FileError) {
        for name in try namesInDirectory(stagedShardDirectory)
        where !ShardFormat.isShardFile(name) {
            try removeFile(at: "\(stagedShardDirectory)/\(name)")
        }
    }

    // MARK: - Publication

    /// Writes a file that `commit` will publish as `path` of the dataset.
    func stage(_ bytes: [UInt8], as path: String) throws(FileError) {
        try publishFile(bytes, at: "\(folder)/\(path)")
    }

    /// Readers of all shards of `recipeHash` that `commit` of `shards` will replace or remove.
    func outgoingShards(
        _ shards: [(name: String, directory: String)], recipeHash: String
    ) throws(FileError) -> [ShardReader] {
        var readers = unfinishedShards(recipeHash: recipeHash).map(\.reader)
        let staying = Set(shards.map { "\($0.directory)/\($0.name)" })
        for (directory, name) in try self.shards()
        where directory != removed.directory && !staying.contains("\(directory)/\(name)") {
            guard let summary = ShardSummary(directory: directory, name: name),
                summary.provenance.recipeHash == recipeHash, summary.bytes > 0,
                let reader = try? ShardReader(directory: directory, name: name)
            else { continue }
            readers.append(reader)
        }
        return readers
    }

    /// Publishes `shards`, each from the directory where it is, and the staged `files`,
    /// report and description; shards of other names and `absentFiles` go.
    func commit(
        shards: [(name: String, directory: String)], files: [String], absentFiles: [String]
    ) throws {
        let places = Dictionary(uniqueKeysWithValues: shards.map { ($0.name, $0.directory) })
        let lost = try lostShards { places[$0] }
        guard lost.isEmpty else {
            throw PipelineError.shardsLost(path: directory, names: lost)
        }
        var commit = Commit()
        let wanted = Set(shards.map(\.name))
        let staged = Set(shards.filter { $0.directory == stagedShardDirectory }.map(\.name))
        for file in try namesInDirectory(stagedShardDirectory)
        where ShardFormat.isShardFile(file) {
            let path = "\(ShardFormat.shardFolder)/\(file)"
            if staged.contains(String(file.prefix { $0 != "." })) { commit.moved.append(path) }
        }
        let moved = Set(commit.moved)
        for file in try namesInDirectory(shardDirectory) where ShardFormat.isShardFile(file) {
            let name = String(file.prefix { $0 != "." })
            let path = "\(ShardFormat.shardFolder)/\(file)"
            // A shard that lost its last clip has a new sidecar and no tar.
            let isReplaced = moved.contains("\(ShardFormat.shardFolder)/\(name).json")
            if !wanted.contains(name) || (isReplaced && !moved.contains(path)) {
                commit.removed.append(path)
            }
        }
        commit.moved += files.filter { $0 != ShardFormat.descriptionName }
        commit.moved.append(ShardFormat.reportName)
        commit.removed += absentFiles
        // The description comes last: it vouches for everything else.
        commit.moved.append(ShardFormat.descriptionName)
        try publishFile(canonicalJSON(commit), at: commitPath)
        let lostMeanwhile = try carryOut(commit)
        guard lostMeanwhile.isEmpty else {
            throw PipelineError.shardsLost(path: directory, names: lostMeanwhile)
        }
    }

    /// The shards of the staged description that are not where they should be, whole.
    private func lostShards(_ place: (String) -> String?) throws(FileError) -> [String] {
        let path = "\(folder)/\(ShardFormat.descriptionName)"
        guard fileExists(path),
            let staged = try? decodeJSON(DatasetDescription.self, from: readFile(path))
        else { return [] }
        return staged.shards.filter { shard in
            guard let directory = place(shard.name),
                fileExists("\(directory)/\(shard.name).json"),
                let tar = try? FileStamp(path: "\(directory)/\(shard.name).tar")
            else { return true }
            return tar.size != shard.bytes
        }.map(\.name)
    }

    /// Completes a commit that was interrupted.
    func finishCommit() throws(FileError) {
        guard fileExists(commitPath) else { return }
        // The process that is publishing, if there is one, must finish first.
        let lock = try DirectoryLock(directory: shardDirectory, isShared: false, waits: true)
        defer { withExtendedLifetime(lock) {} }
        guard let bytes = try? readFile(commitPath) else { return }
        guard let commit = try? decodeJSON(Commit.self, from: bytes) else { return }
        // Shards that were lost are made again by the run that finds this out.
        _ = try carryOut(commit)
    }

    /// Renames and removes, and makes the description appear last, unless shards have been lost.
    /// - Returns: The names of lost shards; the next run builds on what is left.
    private func carryOut(_ commit: Commit) throws(FileError) -> [String] {
        let description = "\(directory)/\(ShardFormat.descriptionName)"
        if fileExists("\(folder)/\(ShardFormat.descriptionName)") {
            try removeFile(at: description)
        }
        for path in commit.removed { try removeFile(at: "\(directory)/\(path)", syncs: false) }
        for path in commit.moved where path != ShardFormat.descriptionName {
            let staged = "\(folder)/\(path)"
            guard fileExists(staged) else { continue }
            try moveFile(from: staged, to: "\(directory)/\(path)", syncs: false)
        }
        try syncDirectory(of: "\(shardDirectory)/")
        try syncDirectory(of: "\(directory)/")
        let lost = try lostShards { _ in shardDirectory }
        guard lost.isEmpty else {
            try removeFile(at: "\(folder)/\(ShardFormat.descriptionName)")
            try removeFile(at: commitPath)
            return lost
        }
        if fileExists("\(folder)/\(ShardFormat.descriptionName)") {
            try moveFile(from: "\(folder)/\(ShardFormat.descriptionName)", to: description)
        }
        try removeDirectory(at: folder)
        return []
    }
}

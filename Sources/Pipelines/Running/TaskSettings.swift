import Files
import Recipes

/// Settings that all tasks building one dataset must share.
struct TaskSettings: Codable, Equatable {
    let clipRecipe: ClipRecipe
    /// `nil` for pixels.
    var featureRecipe: FeatureRecipe?
    /// Everything else, by name.
    let others: [String: String]

    /// What differs from those of another task, for people.
    func differences(from other: TaskSettings) -> [String] {
        Recipes.differences(clipRecipe, from: other.clipRecipe)
            + Recipes.differences(featureRecipe, from: other.featureRecipe)
            + Recipes.differences(others, from: other.others)
    }
}

extension DatasetStaging {
    private var settingsPath: String { "\(folder)/settings.json" }

    /// Takes the dataset's lock for this process, beside those of other tasks that were given the
    /// same `settings`.
    /// - Throws: `PipelineError.otherSettings` if tasks were given others, unless none is running
    ///   and `overwrite` begins anew; `FileError.busy`, `.system`.
    func lock(settings: TaskSettings, overwrite: Bool) throws -> DirectoryLock {
        guard !isAlone else {
            let lock = try DirectoryLock(directory: directory, isShared: false)
            try removeFile(at: settingsPath)
            return lock
        }
        // Tasks compare and record settings in turn. All hold the lock of `folder` while they work.
        try makeDirectory(at: stagedShardDirectory)
        let turn = try DirectoryLock(
            directory: stagedShardDirectory, isShared: false, waits: true)
        defer { withExtendedLifetime(turn) {} }
        let noted = try? decodeJSON(TaskSettings.self, from: readFile(settingsPath))
        if let noted, noted != settings, !(overwrite && isUnused) {
            throw PipelineError.otherSettings(
                path: directory, differences: settings.differences(from: noted))
        }
        if noted != settings { try publishFile(canonicalJSON(settings), at: settingsPath) }
        return try DirectoryLock(directory: directory, isShared: true)
    }

    /// Whether no other process holds the dataset's lock.
    private var isUnused: Bool {
        (try? DirectoryLock(directory: directory, isShared: false)) != nil
    }
}

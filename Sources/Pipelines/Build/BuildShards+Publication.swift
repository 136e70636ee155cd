import Files
import Manifests
import Recipes
import Shards

// What stands beside the shards, and how all of it becomes the dataset.
extension BuildShards {
    /// What others need to finish the dataset, in place before the first shard.
    func publishInputs() throws {
        try staging.stage(manifest.bytes, as: ShardFormat.manifestName)
        try report.publish(in: staging.folder)
    }

    var report: BuildReport {
        BuildReport(
            source: absolutePath(options.originalManifest ?? options.manifestPath),
            root: absolutePath(options.root),
            classes: options.plan.classesPath.map(absolutePath), clipRecipe: options.recipe,
            division: options.division, tasks: plan.answerSets)
    }

    /// Publishes the dataset from shards that other runs have built.
    /// - Throws: `PipelineError.unfinished` if shards are missing, `.shardsLost`, `.accounting`,
    ///   `.nothingStored` if a dataset that holds clips would be replaced by an empty one;
    ///   `FileError.busy` if tasks are at work; `ShardError` and `FileError` of reading and
    ///   writing.
    public func finalize() throws -> StageSummary {
        let publication = DatasetPublication(self)
        guard publication.missing.isEmpty else {
            throw PipelineError.unfinished(
                path: options.outputDirectory, missing: publication.missing)
        }
        let lock = try DirectoryLock(directory: staging.folder, isShared: false)
        return try finish(makeSources(), Work(), isLast: lock, seconds: 0)
    }

    /// Checks that none of the `missing` shards is one that this process has finished or found
    /// finished.
    /// - Throws: `PipelineError.shardsLost`.
    private func requireOwn(_ missing: [String]) throws(PipelineError) {
        // A task that claims shards has none of its own: others may still make what is missing.
        if case .claims = options.partition { return }
        let own = shards.enumerated().filter { options.partition.owns($0.offset) }.map(
            \.element.name)
        let lost = Set(missing).intersection(own)
        if !lost.isEmpty {
            throw .shardsLost(path: options.outputDirectory, names: lost.sorted())
        }
    }

    /// Publishes the dataset, or only sums up if other tasks still work; the last one publishes.
    func finish(
        _ sources: SourceFiles, _ work: Work, isLast: DirectoryLock?, seconds: Double
    ) throws -> StageSummary {
        defer { withExtendedLifetime(isLast) {} }
        let counts = work.counts
        // Two tasks may both be the last; one publishes after the other, the same.
        let lock = try DirectoryLock(
            directory: staging.shardDirectory, isShared: false, waits: true)
        defer { withExtendedLifetime(lock) {} }
        var publication = DatasetPublication(self)
        try requireOwn(publication.missing)
        try publication.read()
        var summary = StageSummary(
            accounting: publication.accounting, clips: counts.decoded, seconds: seconds,
            bytes: publication.entries.reduce(0) { $0 + $1.bytes })
        summary.clips = publication.numClips
        summary.questions = publication.accounting.stored
        summary.decoded = counts.decoded
        summary.writtenShards = work.writtenShards
        summary.carried = max(0, publication.numClips - counts.decoded)
        summary.keptWithoutSource = counts.keptWithoutSource
        summary.keptAfterFailure = counts.keptAfterFailure > 0 ? counts.keptAfterFailure : nil
        let straddling = publication.straddling.count
        summary.straddlingGroups = straddling > 0 ? straddling : nil
        summary.smallClasses = plan.smallClasses.isEmpty ? nil : plan.smallClasses.count
        summary.unevenClasses = plan.numUnevenClasses > 0 ? plan.numUnevenClasses : nil
        guard publication.missing.isEmpty else { return summary }
        if isLast == nil, options.partition != .whole {
            summary.isPublished = !fileExists(staging.folder)
            return summary
        }
        if publication.numClips == 0,
            let old = try? Dataset(directory: options.outputDirectory), old.description.numClips > 0
        {
            throw PipelineError.nothingStored(
                directory: options.outputDirectory, reasons: summary.reasons)
        }
        summary.isPublished = true
        summary.movedClips = work.writtenShards > 0 ? movedClips() : nil
        let pairs = publication.nearDuplicates
        summary.nearDuplicates = pairs.isEmpty ? nil : pairs.count
        if options.prunes {
            try staging.removed.prune()
        } else {
            let count = try publication.keepRemovedSamples()
            summary.keptAside = count > 0 ? count : nil
        }
        var report = report
        report.summary = summary
        let videos = distinctByBytes(plan.clips.map(\.clip.video))
        try report.publish(in: staging.folder, sources: sources.recorded(videos))
        try publication.publish(nearDuplicates: pairs)
        return summary
    }

    /// How many clips the published dataset has in another split, although no row names one.
    private func movedClips() -> Int? {
        guard let published = try? Dataset(directory: options.outputDirectory),
            let questions = try? QuestionsFile(of: published)
        else { return nil }
        var before: [ClipKey: Split] = [:]
        for row in questions.rows { before[row.key] = min(before[row.key] ?? row.split, row.split) }
        let count = plan.clips.count { clip in
            guard let old = before[clip.key], old != clip.split else { return false }
            return plan.rows(of: clip).allSatisfy { manifest.rows[Int($0)].split == nil }
        }
        return count > 0 ? count : nil
    }
}

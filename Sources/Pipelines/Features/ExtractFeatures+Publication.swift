import Files
import Recipes
import Shards

extension ExtractFeatures {
    /// Publishes the dataset, or only sums up if other tasks still encode their shards.
    func finish(
        _ encoded: FeatureShardWriting.Step, writtenShards: Int, isLast: DirectoryLock?,
        seconds: Double
    ) throws -> StageSummary {
        defer { withExtendedLifetime(isLast) {} }
        let lock = try DirectoryLock(
            directory: staging.shardDirectory, isShared: false, waits: true)
        defer { withExtendedLifetime(lock) {} }
        var shards = try finishedShards()
        var summary = summary(of: shards, encoded, writtenShards: writtenShards, seconds: seconds)
        guard shards.entries.count == pixels.description.shards.count else { return summary }
        if isLast == nil, options.partition != .whole {
            summary.isPublished = !fileExists(staging.folder)
            return summary
        }
        summary.isPublished = true
        shards.files[ShardFormat.questionsName] = try stageQuestions()
        let documents = try staging.stage(description(of: shards))
        let count = try keepRemovedSamples(shards.places)
        summary.keptAside = count > 0 ? count : nil
        var report = report
        report.summary = summary
        try report.publish(in: staging.folder)
        try staging.commit(
            shards: shards.places, files: [ShardFormat.questionsName] + documents, absentFiles: [])
        return summary
    }

    /// Shards of features that are finished, in the order of the pixel shards.
    private struct FinishedShards {
        var places: [(name: String, directory: String)] = []
        var entries: [DatasetDescription.Shard] = []
        /// sha256 of the dataset's files, by name.
        var files: [String: String] = [:]
    }

    private func finishedShards() throws -> FinishedShards {
        var finished = FinishedShards()
        for shard in pixels.description.shards {
            guard let directory = directory(of: shard, try provenance(of: shard).1) else {
                continue
            }
            let sidecar = try ShardReader.readSidecar(directory: directory, name: shard.name)
            finished.places.append((shard.name, directory))
            finished.entries.append(.init(name: shard.name, split: shard.split, sidecar: sidecar))
            finished.files["\(ShardFormat.shardFolder)/\(shard.name).json"] = try sha256Hex(
                ofFile: "\(directory)/\(shard.name).json")
        }
        return finished
    }

    /// What was done, for people and for the report.
    private func summary(
        of shards: FinishedShards, _ encoded: FeatureShardWriting.Step, writtenShards: Int,
        seconds: Double
    ) -> StageSummary {
        var summary = StageSummary(
            accounting: pixels.description.accounting, clips: encoded.encodedClips,
            seconds: seconds, bytes: shards.entries.reduce(0) { $0 + $1.bytes })
        summary.clips = shards.entries.reduce(0) { $0 + $1.clips }
        summary.encoded = encoded.encodedClips
        summary.writtenShards = writtenShards
        summary.carried = summary.clips - encoded.encodedClips
        if encoded.encodedClips > 0 {
            summary.secondsPerClip = encoded.seconds / Double(encoded.encodedClips)
            summary.gflops = encoding.gflops(of: encoded)
        }
        return summary
    }

    /// Stages the questions of the pixels.
    /// - Returns: Their sha256.
    private func stageQuestions() throws -> String {
        let path = "\(pixels.directory)/\(ShardFormat.questionsName)"
        let questions = try readFile(path)
        let hash = sha256Hex(questions)
        guard hash == pixels.description.files[ShardFormat.questionsName] else {
            throw ShardError.corruptFile(path: path, reason: "its checksum differs")
        }
        try staging.stage(questions, as: ShardFormat.questionsName)
        return hash
    }

    private func description(of shards: FinishedShards) throws -> DatasetDescription {
        let parent = pixels.description
        return try DatasetDescription(
            kind: .features, clipRecipe: parent.clipRecipe, featureRecipe: encoding.recipe,
            model: encoding.modelName, division: parent.division,
            splitRemarks: parent.splitRemarks, normalization: encoding.normalization,
            array: DatasetDescription.Array(
                member: ShardFormat.featureMember, elementType: .float16,
                shape: [parent.clipRecipe.numFrames] + encoding.frameShape, layout: "T,L,D"),
            tasks: parent.tasks, shards: shards.entries, accounting: parent.accounting,
            parentHash: parent.contentHash, files: shards.files)
    }

    /// Keeps the features that leave the dataset beside it.
    /// - Returns: How many were added.
    private func keepRemovedSamples(_ places: [(name: String, directory: String)]) throws -> Int {
        let outgoing = try staging.outgoingShards(places, recipeHash: recipeHash)
        guard !outgoing.isEmpty else { return 0 }
        var stored: Set<ContentIdentity> = []
        for (name, directory) in places {
            for sample in try ShardReader.readSidecar(directory: directory, name: name).samples {
                stored.insert(sample.origin.identity)
            }
        }
        return try staging.removed.keep(
            outgoing, recipeHash: recipeHash, isStored: stored.contains)
    }
}

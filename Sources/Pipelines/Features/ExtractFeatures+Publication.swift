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
        let parent = pixels.description
        var places: [(name: String, directory: String)] = []
        var entries: [DatasetDescription.Shard] = []
        var files: [String: String] = [:]
        for shard in parent.shards {
            guard let directory = directory(of: shard, try provenance(of: shard).1) else {
                continue
            }
            let sidecar = try ShardReader.readSidecar(directory: directory, name: shard.name)
            places.append((shard.name, directory))
            entries.append(.init(name: shard.name, split: shard.split, sidecar: sidecar))
            files["\(ShardFormat.shardFolder)/\(shard.name).json"] = try sha256Hex(
                ofFile: "\(directory)/\(shard.name).json")
        }
        var summary = StageSummary(
            accounting: parent.accounting, clips: encoded.encodedClips, seconds: seconds,
            bytes: entries.reduce(0) { $0 + $1.bytes })
        summary.clips = entries.reduce(0) { $0 + $1.clips }
        summary.encoded = encoded.encodedClips
        summary.writtenShards = writtenShards
        summary.carried = summary.clips - encoded.encodedClips
        if encoded.encodedClips > 0 {
            summary.secondsPerClip = encoded.seconds / Double(encoded.encodedClips)
            summary.gflops = encoding.gflops(of: encoded)
        }
        guard entries.count == parent.shards.count else { return summary }
        if isLast == nil, options.partition != .whole {
            summary.isPublished = !fileExists(staging.folder)
            return summary
        }
        summary.isPublished = true
        let questions = try readFile("\(pixels.directory)/\(ShardFormat.questionsName)")
        files[ShardFormat.questionsName] = sha256Hex(questions)
        guard files[ShardFormat.questionsName] == parent.files[ShardFormat.questionsName] else {
            throw ShardError.corruptFile(
                path: "\(pixels.directory)/\(ShardFormat.questionsName)",
                reason: "its checksum differs")
        }
        try staging.stage(questions, as: ShardFormat.questionsName)
        let description = try DatasetDescription(
            kind: .features, clipRecipe: parent.clipRecipe, featureRecipe: encoding.recipe,
            model: encoding.modelName, division: parent.division,
            splitRemarks: parent.splitRemarks, normalization: encoding.normalization,
            array: DatasetDescription.Array(
                member: ShardFormat.featureMember, elementType: .float16,
                shape: [parent.clipRecipe.numFrames] + encoding.frameShape, layout: "T,L,D"),
            tasks: parent.tasks, shards: entries, accounting: parent.accounting,
            parentHash: parent.contentHash, files: files)
        let documents = try staging.stage(description)
        let count = try keepRemovedSamples(places)
        summary.keptAside = count > 0 ? count : nil
        var report = report
        report.summary = summary
        try report.publish(in: staging.folder)
        try staging.commit(
            shards: places, files: [ShardFormat.questionsName] + documents, absentFiles: [])
        return summary
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

import Files
import Manifests
import Recipes
import Shards
import VideoDecoding

/// A shard of clips to write, and for each clip whether it is decoded or taken from elsewhere.
struct ClipShardTask: Sendable {
    /// What is done with one clip.
    enum Step: Sendable {
        /// The array is taken from a sample that exists.
        case carry(StoredSample, sourceSha256: String)
        /// The source is gone or unreadable now; the sample stays.
        case keep(StoredSample)
        /// The clip stays in quarantine without being tried.
        indirect case leave(ShardSidecar.QuarantinedClip)
        /// The clip is decoded; if that fails, `fallback` stays, which was made from an earlier
        /// content of the source.
        case decode(previousAttempts: Int, fallback: StoredSample?)
    }

    let shard: PlannedShard
    /// One step for each clip of the shard.
    let steps: [Step]
    /// sha256 that the tar must have; `nil` accepts any.
    var expectedHash: String?
}

/// How often each thing was done to clips.
struct ClipCounts: Sendable, Equatable {
    var decoded = 0
    var carried = 0
    var keptWithoutSource = 0
    var keptAfterFailure = 0
    var quarantined = 0

    var stored: Int { decoded + carried + keptWithoutSource + keptAfterFailure }
    var all: Int { stored + quarantined }

    static func + (left: ClipCounts, right: ClipCounts) -> ClipCounts {
        var sum = left
        for path in [
            \.decoded, \.carried, \.keptWithoutSource, \.keptAfterFailure, \.quarantined,
        ] as [WritableKeyPath<ClipCounts, Int>] { sum[keyPath: path] += right[keyPath: path] }
        return sum
    }
}

/// Writes shards of clips in key order: decodes in parallel what is new, copies what is carried.
struct ClipShardWriting {
    let directory: String
    let recipeHash: String
    let manifest: Manifest
    let plan: DatasetPlan
    let sources: SourceFiles
    let workers: ClipWorkers
    let jobs: Int

    /// What became of one clip.
    private struct Outcome: Sendable {
        let result: Result<Sample, ClipFault>
        let sourceSha256: String
        let count: any WritableKeyPath<ClipCounts, Int> & Sendable
    }

    /// One clip on its way into a shard.
    private struct Work: Sendable {
        let task: Int32
        let clip: Int32
    }

    /// Writes `tasks` one after the other.
    ///
    /// When `stop` is requested, the clips that were begun are finished and kept for the next run.
    /// - Parameters:
    ///   - tasks: The shards to write.
    ///   - stop: Asked before each clip.
    ///   - progress: Gets the counts after each clip.
    /// - Throws: `PipelineError.worker`, `FileError` and `ShardError` if the machine is at fault.
    func run(
        _ tasks: [ClipShardTask], stop: StopSignal, progress: (ClipCounts) -> Void
    ) async throws {
        let work = tasks.indices.flatMap { task in
            tasks[task].steps.indices.map { Work(task: Int32(task), clip: Int32($0)) }
        }
        var remaining = tasks[...]
        var counts = ClipCounts()
        var writer: ShardWriter?
        var hashes: [String] = []
        var isStopped = false
        let publisher = ShardPublisher()
        defer { publisher.wait() }
        try await forEachInOrder(
            work, limit: ClipWorkers.inFlight(workers.isolation, workers: jobs),
            shouldStop: { stop.isRequested },
            operation: { work in
                let task = tasks[Int(work.task)]
                do {
                    return try await carryOut(
                        task.steps[Int(work.clip)], at: task.shard.clips[Int(work.clip)])
                } catch PipelineError.interrupted {
                    return nil
                }
            }
        ) { (outcome: Outcome?) in
            // Clips after one that was stopped midway cannot be appended: the order would be wrong.
            guard !isStopped, let outcome, let task = remaining.first else {
                isStopped = true
                return
            }
            let shard = try writer ?? ShardWriter(directory: directory, name: task.shard.name)
            writer = shard
            switch outcome.result {
            case .success(let sample): try shard.append(sample)
            case .failure(let fault):
                let key = plan.clips[Int(task.shard.clips[hashes.count])].key
                try shard.appendQuarantined(
                    ShardSidecar.QuarantinedClip(
                        key: key, sourceSha256: outcome.sourceSha256, reason: fault.reason,
                        stage: fault.stage, detail: fault.detail, attempts: fault.attempts))
            }
            counts[keyPath: outcome.count] += 1
            hashes.append(outcome.sourceSha256)
            if hashes.count == task.shard.clips.count {
                let provenance = plan.provenance(
                    of: task.shard, manifest: manifest, recipeHash: recipeHash, sources: hashes)
                try publisher.publish(
                    shard, provenance: provenance, expectedHash: task.expectedHash)
                (writer, hashes) = (nil, [])
                remaining = remaining.dropFirst()
            }
            progress(counts)
        }
        publisher.wait()
        try publisher.throwFailure()
    }

    private func carryOut(
        _ step: ClipShardTask.Step, at position: Int32
    ) async throws -> Outcome {
        let planned = plan.clips[Int(position)]
        switch step {
        case .carry(let stored, let source):
            do {
                return try carry(stored, planned, source, counted: \.carried)
            } catch ShardError.corruptShard {
                // What cannot be taken over is made again.
                return try await decode(planned, previousAttempts: 0, fallback: nil)
            }
        case .keep(let stored):
            do {
                return try carry(
                    stored, planned, stored.entry.origin.sourceSha256,
                    counted: \.keptWithoutSource)
            } catch ShardError.corruptShard {
                return Outcome(
                    result: .failure(.damagedSample), sourceSha256: "", count: \.quarantined)
            }
        case .leave(let clip):
            var fault = ClipFault(reason: clip.reason, stage: clip.stage, detail: clip.detail)
            fault.attempts = clip.attempts
            return Outcome(
                result: .failure(fault), sourceSha256: clip.sourceSha256, count: \.quarantined)
        case .decode(let previousAttempts, let fallback):
            return try await decode(
                planned, previousAttempts: previousAttempts, fallback: fallback)
        }
    }

    private func decode(
        _ planned: DatasetPlan.PlannedClip, previousAttempts: Int, fallback: StoredSample?
    ) async throws -> Outcome {
        let (result, source) = try await make(planned.clip)
        switch result {
        case .success(let made):
            let origin = SampleOrigin(clip: planned.clip, sourceSha256: source)
            let sample = try sample(
                of: planned, origin, made.perceptualHash.description, made.receipt,
                pixels: made.pixels)
            return Outcome(result: .success(sample), sourceSha256: source, count: \.decoded)
        case .failure(var fault):
            if let fallback {
                return try carry(
                    fallback, planned, fallback.entry.origin.sourceSha256,
                    counted: \.keptAfterFailure)
            }
            fault.attempts += previousAttempts
            return Outcome(
                result: .failure(fault), sourceSha256: source, count: \.quarantined)
        }
    }

    /// Decodes `clip` from the same open file that its hash was taken of.
    /// - Returns: The clip or its fault, and the sha256 of the source.
    private func make(
        _ clip: Clip
    ) async throws -> (result: Result<MadeClip, ClipFault>, sourceSha256: String) {
        for _ in 0..<Self.readings {
            let video: OpenVideo
            // Reading the source first finds the machine's faults before they look like the clip's.
            switch try sources.open(clip.video) {
            case .failure(let fault):
                return (.failure(fault), try sources.state(of: clip.video).sha256)
            case .success(let opened): video = opened
            }
            let result = try await workers.make(video, clip)
            if video.hasChanged {
                sources.forget(clip.video)
                continue
            }
            if case .success(let made) = result, let stamp = made.remoteStamp {
                try sources.note(stamp, of: clip.video)
            }
            return (result, video.sha256)
        }
        return (.failure(.sourceChanged), "")
    }

    /// How often a source that changes while it is decoded is read.
    private static let readings = 3

    /// The sample of a clip whose array exists, with its current questions.
    private func carry(
        _ stored: StoredSample, _ planned: DatasetPlan.PlannedClip, _ sourceSha256: String,
        counted: any WritableKeyPath<ClipCounts, Int> & Sendable
    ) throws -> Outcome {
        let metadata = try stored.reader.metadata(ClipMetadata.self, of: stored.entry)
        // The path may have changed; the content is the same.
        let sample = try sample(
            of: planned, SampleOrigin(clip: planned.clip, sourceSha256: sourceSha256),
            stored.entry.perceptualHash, metadata.receipt,
            pixels: stored.reader.storedMember(ShardFormat.pixelMember, of: stored.entry))
        return Outcome(
            result: .success(sample), sourceSha256: sourceSha256, count: counted)
    }

    private func sample(
        of planned: DatasetPlan.PlannedClip, _ origin: SampleOrigin, _ perceptualHash: String,
        _ receipt: ClipReceipt, pixels: SampleMember
    ) throws -> Sample {
        let questions = plan.rows(of: planned).map { plan.question(Int($0), of: manifest) }
        let metadata = ClipMetadata(
            key: planned.key, origin: origin, perceptualHash: perceptualHash, receipt: receipt,
            questions: questions)
        return Sample(
            key: planned.key, origin: origin, perceptualHash: perceptualHash,
            members: [
                pixels,
                SampleMember(
                    name: ShardFormat.classMember,
                    bytes: Array("\(questions.first?.classIndex ?? 0)".utf8)),
                try metadata.member(),
            ])
    }
}

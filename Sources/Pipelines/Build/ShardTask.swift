import Manifests
import Shards

/// A shard to be written, and what of it need not be decoded again.
struct ShardTask: Sendable {
    let shard: PlannedShard
    /// Samples of an earlier shard that are still right, by key.
    var carried: [String: CarriedSample] = [:]
    /// Rows that stay in quarantine without being tried, by key.
    var quarantined: [String: ShardSidecar.QuarantinedRow] = [:]
    /// How often rows were tried before, by key.
    var previousAttempts: [String: Int] = [:]
    /// What the sidecar shall say; `nil` means to hash the sources.
    var provenance: ShardProvenance?
    /// sha256 that the tar must have; `nil` accepts any.
    var expectedHash: String?
}

/// A sample as it lies in an earlier shard.
struct CarriedSample: Sendable {
    let reader: ShardReader
    let entry: ShardSidecar.Sample
}

/// Writes shards: decodes in parallel what is new, copies what is carried, in manifest order.
struct ShardAssembly {
    let directory: String
    let settings: DatasetDescription.Settings
    let sources: SourceFiles
    let workers: ClipWorkers
    let jobs: Int

    /// One clip on its way into a shard.
    private struct Step: Sendable {
        let clip: PlannedClip
        let carried: CarriedSample?
        let quarantined: ShardSidecar.QuarantinedRow?
        let previousAttempts: Int
    }

    /// Writes `tasks` one after the other.
    ///
    /// When `stop` is requested, the clips that were begun are finished, and the shard that is not
    /// full by then is dropped.
    /// `finished` takes each shard's name and sidecar when it is published, `progress` hears after
    /// each clip whether it was stored.
    func run(
        _ tasks: [ShardTask], stop: StopSignal, finished: (String, ShardSidecar) -> Void,
        progress: (_ isStored: Bool) -> Void
    ) async throws {
        let maker = ClipSampleMaker(workers: workers, sources: sources)
        let steps = tasks.flatMap { task in
            task.shard.clips.map { clip in
                Step(
                    clip: clip, carried: task.carried[clip.row.key],
                    quarantined: task.quarantined[clip.row.key],
                    previousAttempts: task.previousAttempts[clip.row.key] ?? 0)
            }
        }
        var session = Session(tasks: tasks, directory: directory, settings: settings)
        try await forEachInOrder(
            steps, limit: ClipWorkers.inFlight(workers.isolation, workers: jobs),
            shouldStop: { stop.isRequested },
            operation: { step in try await Self.carryOut(step, maker: maker) }
        ) { outcome in
            if let (name, sidecar) = try session.commit(outcome) { finished(name, sidecar) }
            if case .success = outcome.result { progress(true) } else { progress(false) }
        }
    }

    private static func carryOut(_ step: Step, maker: ClipSampleMaker) async throws -> ClipOutcome {
        if let carried = step.carried {
            let sample = try carried.reader.storedSample(carried.entry)
            return maker.outcome(of: step.clip, result: .success(sample))
        }
        if let row = step.quarantined {
            let fault = ClipFault(
                reason: row.reason, stage: row.stage, detail: row.detail, attempts: row.attempts)
            return maker.outcome(of: step.clip, result: .failure(fault))
        }
        let outcome = await maker.outcome(of: step.clip)
        guard case .failure(var fault) = outcome.result else { return outcome }
        fault.attempts += step.previousAttempts
        return maker.outcome(of: step.clip, result: .failure(fault))
    }
}

/// The writer of the shard that is being filled.
private struct Session {
    private var remaining: ArraySlice<ShardTask>
    private let directory: String
    private let settings: DatasetDescription.Settings
    private var writer: ShardWriter?
    private var sourceHashes: [String] = []

    init(tasks: [ShardTask], directory: String, settings: DatasetDescription.Settings) {
        remaining = tasks[...]
        self.directory = directory
        self.settings = settings
    }

    /// Stores the next clip in order.
    /// - Returns: name and sidecar of the shard that this clip completed, if it did.
    mutating func commit(_ outcome: ClipOutcome) throws -> (String, ShardSidecar)? {
        guard let task = remaining.first else { return nil }
        let shard = task.shard
        let writer = try self.writer ?? ShardWriter(directory: directory, name: shard.name)
        self.writer = writer
        sourceHashes.append(outcome.sourceSha256)
        switch outcome.result {
        case .success(let sample):
            try writer.append(sample)
        case .failure(let fault):
            writer.appendQuarantined(
                ShardSidecar.QuarantinedRow(
                    key: outcome.clip.row.key, reason: fault.reason, stage: fault.stage,
                    detail: fault.detail, attempts: fault.attempts))
        }
        guard sourceHashes.count == shard.clips.count else { return nil }
        let provenance =
            try task.provenance
            ?? ShardFingerprint.provenance(
                settings: settings, clips: shard.clips, sourceHashes: sourceHashes)
        let sidecar = try writer.finish(provenance: provenance, expectedHash: task.expectedHash)
        self.writer = nil
        sourceHashes = []
        remaining = remaining.dropFirst()
        return (shard.name, sidecar)
    }
}

import Manifests
import Shards
import VideoDecoding

/// The `.json` member of a sample.
struct ClipMetadata: Codable {
    let id: String
    let video: String
    let label: String
    let split: String
    let prompt: String
    let group: String
    /// Seconds as text, empty where the row names none: JSON numbers with and without a fraction,
    /// or missing, would give the samples of one dataset different types in Arrow.
    let start: String
    let end: String
    /// The manifest's other columns.
    let extra: [String: String]
    /// sha256 of the source file; empty for URLs.
    let sourceSha256: String
    /// 16 hex digits a sampled frame.
    let perceptualHash: String
    let receipt: ClipReceipt

    init(clip: PlannedClip, made: MadeClip, sourceSha256: String) {
        let row = clip.row
        id = row.id ?? row.key
        video = row.video
        label = row.label
        split = clip.split.rawValue
        prompt = row.prompt ?? ""
        group = row.group ?? ""
        start = row.start.map { "\($0)" } ?? ""
        end = row.end.map { "\($0)" } ?? ""
        extra = row.extra
        self.sourceSha256 = sourceSha256
        perceptualHash = made.perceptualHash.description
        receipt = made.receipt
    }

    /// Whether this is what is known of `clip`, made from a file with that hash.
    func describes(_ clip: PlannedClip, sourceSha256: String) -> Bool {
        let row = clip.row
        return id == row.id ?? row.key && video == row.video && label == row.label
            && split == clip.split.rawValue && prompt == row.prompt ?? ""
            && group == row.group ?? "" && start == (row.start.map { "\($0)" } ?? "")
            && end == (row.end.map { "\($0)" } ?? "") && extra == row.extra
            && self.sourceSha256 == sourceSha256
    }
}

/// What became of one clip.
struct ClipOutcome: Sendable {
    let clip: PlannedClip
    let sourceSha256: String
    let result: Result<Sample, ClipFault>
}

/// Makes samples from planned clips; every fault becomes part of the outcome.
struct ClipSampleMaker: Sendable {
    let workers: ClipWorkers
    let sources: SourceFiles

    /// What became of a clip that need not be decoded.
    func outcome(of clip: PlannedClip, result: Result<Sample, ClipFault>) -> ClipOutcome {
        ClipOutcome(
            clip: clip, sourceSha256: sources.sha256(of: clip.row.video), result: result)
    }

    /// Decodes and stores one clip.
    func outcome(of clip: PlannedClip) async -> ClipOutcome {
        let row = clip.row
        let hash = sources.sha256(of: row.video)
        let job = ClipJob(path: sources.path(of: row.video), start: row.start, end: row.end)
        let result = await workers.make(job).flatMap { made in
            sample(of: clip, made: made, sourceSha256: hash)
        }
        return ClipOutcome(clip: clip, sourceSha256: hash, result: result)
    }

    private func sample(
        of clip: PlannedClip, made: MadeClip, sourceSha256: String
    ) -> Result<Sample, ClipFault> {
        let metadata = ClipMetadata(clip: clip, made: made, sourceSha256: sourceSha256)
        do {
            return .success(
                Sample(
                    key: clip.row.key, perceptualHash: metadata.perceptualHash,
                    members: [
                        made.pixels,
                        SampleMember(
                            name: ShardFormat.classMember, bytes: Array("\(clip.classIndex)".utf8)),
                        SampleMember(
                            name: ShardFormat.metadataMember,
                            bytes: try canonicalJSON(metadata, pretty: false)),
                    ]))
        } catch {
            return .failure(ClipFault(reason: "not-stored", stage: "store", detail: "\(error)"))
        }
    }
}

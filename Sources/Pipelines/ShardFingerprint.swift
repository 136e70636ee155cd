import Manifests
import Shards

/// Everything that decides the bytes of a shard.
struct ShardFingerprint: Encodable {
    private struct Clip: Encodable {
        let key: String
        let video: String
        let classIndex: Int
        let label: String
        let split: String
        let prompt: String?
        let start: Double?
        let end: Double?
        let group: String?
        let id: String?
        let extra: [String: String]
        let sourceSha256: String
    }

    private let formatVersion = ShardFormat.version
    private let settings: DatasetDescription.Settings
    private let clips: [Clip]

    /// - Parameter sourceHashes: sha256 of each clip's source file, in the order of `clips`.
    init(settings: DatasetDescription.Settings, clips: [PlannedClip], sourceHashes: [String]) {
        self.settings = settings
        self.clips = zip(clips, sourceHashes).map { clip, hash in
            let row = clip.row
            return Clip(
                key: row.key, video: row.video, classIndex: clip.classIndex, label: row.label,
                split: clip.split.rawValue, prompt: row.prompt, start: row.start, end: row.end,
                group: row.group, id: row.id, extra: row.extra, sourceSha256: hash)
        }
    }

    func sha256() throws(ShardError) -> String {
        sha256Hex(try canonicalJSON(self, pretty: false))
    }
}

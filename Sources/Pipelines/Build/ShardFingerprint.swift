import Manifests
import Shards

/// What decides the bytes of a shard: settings, rows, source files.
struct ShardFingerprint {
    private struct Rows: Encodable {
        let formatVersion = ShardFormat.version
        let settings: DatasetDescription.Settings
        let clips: [ClipIdentity]
    }

    private struct Sources: Encodable {
        let planHash: String
        let sourceHashes: [String]
    }

    /// What decides the bytes of a sample, its source file and the settings aside.
    struct ClipIdentity: Codable, Equatable {
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

        init(_ clip: PlannedClip) {
            let row = clip.row
            key = row.key
            video = row.video
            classIndex = clip.classIndex
            label = row.label
            split = clip.split.rawValue
            prompt = row.prompt
            start = row.start
            end = row.end
            group = row.group
            id = row.id
            extra = row.extra
        }
    }

    /// sha256 of the settings, in hex.
    static func settingsHash(
        _ settings: DatasetDescription.Settings
    ) throws(ShardError) -> String {
        sha256Hex(try canonicalJSON(settings, pretty: false))
    }

    /// sha256 of settings and rows, in hex.
    static func planHash(
        _ settings: DatasetDescription.Settings, clips: [PlannedClip]
    ) throws(ShardError) -> String {
        let rows = Rows(settings: settings, clips: clips.map(ClipIdentity.init))
        return sha256Hex(try canonicalJSON(rows, pretty: false))
    }

    /// The hashes of a shard; `sourceHashes` are sha256 of each clip's source file, in their order.
    static func provenance(
        settings: DatasetDescription.Settings, clips: [PlannedClip], sourceHashes: [String]
    ) throws(ShardError) -> ShardProvenance {
        let planHash = try planHash(settings, clips: clips)
        let sources = Sources(planHash: planHash, sourceHashes: sourceHashes)
        return ShardProvenance(
            fingerprint: sha256Hex(try canonicalJSON(sources, pretty: false)), planHash: planHash,
            settingsHash: try settingsHash(settings))
    }
}

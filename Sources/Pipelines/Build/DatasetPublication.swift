import Foundation
import Manifests
import Shards

/// What is written when all shards are there: quarantine file first, `dataset.json` last.
struct DatasetPublication {
    let accounting: DatasetDescription.Accounting
    /// Pairs of clips that look alike though their splits or labels differ.
    let nearDuplicates: [NearDuplicate]
    private let manifest: Manifest
    private let plan: ShardPlan
    private let settings: DatasetDescription.Settings
    private let sidecars: [(shard: PlannedShard, sidecar: ShardSidecar)]

    init(
        manifest: Manifest, plan: ShardPlan, settings: DatasetDescription.Settings,
        sidecars: [(shard: PlannedShard, sidecar: ShardSidecar)]
    ) {
        self.manifest = manifest
        self.plan = plan
        self.settings = settings
        self.sidecars = sidecars
        let reasons =
            plan.rejectedRows.map(\.reason)
            + sidecars.flatMap { $0.sidecar.quarantined.map(\.reason) }
        accounting = DatasetDescription.Accounting(
            rows: manifest.count,
            stored: sidecars.reduce(0) { $0 + $1.sidecar.samples.count },
            reasons: Dictionary(reasons.map { ($0, 1) }, uniquingKeysWith: +))
        nearDuplicates = NearDuplicate.find(sidecars)
    }

    /// Writes everything beside the shards.
    /// - Throws: `PipelineError.accounting` unless every row is stored or quarantined, once.
    func publish(in directory: String) throws {
        try requireConservation()
        try removeStaleShards(in: "\(directory)/\(ShardFormat.shardFolder)")
        let files = try makeFiles()
        for (name, bytes) in files { try publishFile(bytes, at: "\(directory)/\(name)") }
        if nearDuplicates.isEmpty {
            try removeFile(at: "\(directory)/\(ShardFormat.nearDuplicatesName)")
        }
        try publishFile(
            canonicalJSON(makeDescription(files: files)),
            at: "\(directory)/\(ShardFormat.descriptionName)")
    }

    /// The files beside the shards, but for the description, by name.
    private func makeFiles() throws -> [String: [UInt8]] {
        var files = [
            ShardFormat.manifestName: manifest.bytes,
            ShardFormat.quarantineName: quarantineFile(),
        ]
        if !nearDuplicates.isEmpty {
            files[ShardFormat.nearDuplicatesName] = NearDuplicate.file(nearDuplicates)
        }
        return files
    }

    private func requireConservation() throws(PipelineError) {
        let keys = sidecars.flatMap { _, sidecar in
            sidecar.samples.map(\.key) + sidecar.quarantined.map(\.key)
        }
        guard accounting.rows == accounting.stored + accounting.quarantined,
            Set(keys) == Set(manifest.rows.map(\.key)).subtracting(plan.rejectedRows.map(\.key)),
            Set(keys).count == keys.count
        else {
            throw .accounting(
                rows: accounting.rows, stored: accounting.stored,
                quarantined: accounting.quarantined)
        }
    }

    private func makeDescription(files: [String: [UInt8]]) throws(ShardError) -> DatasetDescription
    {
        var hashes = files.mapValues(sha256Hex)
        for (shard, sidecar) in sidecars {
            hashes["\(ShardFormat.shardFolder)/\(shard.name).json"] = sha256Hex(
                try canonicalJSON(sidecar))
        }
        return try DatasetDescription(
            kind: .pixels, settings: settings, normalization: .blip,
            array: DatasetDescription.Array(
                member: ShardFormat.pixelMember, elementType: settings.store,
                shape: [3, settings.numFrames, settings.imageSize, settings.imageSize],
                layout: "C,T,H,W"),
            classes: plan.classes,
            shards: sidecars.filter { !$0.sidecar.samples.isEmpty }.map { shard, sidecar in
                DatasetDescription.Shard(
                    name: shard.name, split: shard.split.rawValue, clips: sidecar.samples.count,
                    bytes: sidecar.bytes, sha256: sidecar.sha256)
            },
            accounting: accounting, encoder: nil, files: hashes)
    }

    /// The rows that are not stored, in manifest order; the file is itself a manifest.
    private func quarantineFile() -> [UInt8] {
        var lines: [(number: Int, text: String)] = plan.rejectedRows.map { row in
            (row.number, csvRecord(row.fields + [row.reason, "manifest", row.detail, "1"]))
        }
        for (shard, sidecar) in sidecars {
            let rows = Dictionary(uniqueKeysWithValues: shard.clips.map { ($0.row.key, $0.row) })
            for entry in sidecar.quarantined {
                guard let row = rows[entry.key] else { continue }
                let reasons = [entry.reason, entry.stage, entry.detail, "\(entry.attempts)"]
                lines.append((row.number, csvRecord(row.fields + reasons)))
            }
        }
        let header = csvRecord(manifest.columns + Manifest.quarantineColumns)
        let body = lines.sorted { $0.number < $1.number }.map(\.text)
        return [UInt8](([header] + body).map { $0 + "\n" }.joined().utf8)
    }

    /// Removes the shards of an earlier build that this dataset no longer has.
    private func removeStaleShards(in directory: String) throws {
        let planned = Set(sidecars.map(\.shard.name))
        let empty = Set(sidecars.filter(\.sidecar.samples.isEmpty).map(\.shard.name))
        for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
            guard let match = file.wholeMatch(of: /((?:train|validation|test)-\d{5,})\.(tar|json)/)
            else { continue }
            let name = String(match.1)
            if !planned.contains(name) || (empty.contains(name) && match.2 == "tar") {
                try FileManager.default.removeItem(atPath: "\(directory)/\(file)")
            }
        }
    }
}

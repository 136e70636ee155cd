import Foundation
import Manifests
import Models
import Shards

/// What is written when all shards are there: quarantine file first, `dataset.json` last.
struct DatasetPublication {
    let accounting: DatasetDescription.Accounting
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
    }

    /// - Throws: `PipelineError.accounting` unless rows = stored + quarantined.
    func publish(in directory: String) throws {
        guard accounting.rows == accounting.stored + accounting.quarantined else {
            throw PipelineError.accounting(
                rows: accounting.rows, stored: accounting.stored,
                quarantined: accounting.quarantined)
        }
        try removeStaleShards(in: "\(directory)/\(ShardFormat.shardFolder)")
        try publishFile(quarantineFile(), at: "\(directory)/\(ShardFormat.quarantineName)")
        try publishFile(
            canonicalJSON(makeDescription()), at: "\(directory)/\(ShardFormat.descriptionName)")
    }

    private func makeDescription() -> DatasetDescription {
        let processor = ImageProcessorConfiguration.blip
        return DatasetDescription(
            kind: .pixels, settings: settings,
            normalization: DatasetDescription.Normalization(
                imageMean: processor.imageMean, imageStd: processor.imageStd,
                rescaleFactor: Double(processor.rescaleFactor)),
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
            accounting: accounting, encoder: nil)
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

import Manifests
import Shards

/// A row with everything its sample needs to know.
struct PlannedClip: Sendable {
    let row: ManifestRow
    let split: Split
    let classIndex: Int
}

/// The rows that one shard is made of, in manifest order.
struct PlannedShard: Sendable {
    let name: String
    let split: Split
    let clips: [PlannedClip]
}

/// Which row goes into which shard.
struct ShardPlan: Sendable {
    let classes: [String]
    let shards: [PlannedShard]
    /// Rows that never reach a decoder.
    let rejectedRows: [RejectedRow]

    init(manifest: Manifest, options: BuildShardsOptions) throws(ManifestError) {
        let classNames =
            if let names = options.classNames {
                ClassNames(names)
            } else if let path = options.classesPath {
                try ClassNames(path: path)
            } else {
                ClassNames(labelsOf: manifest.rows)
            }
        classes = classNames.names

        let splits = assignSplits(
            to: manifest.rows, fractions: options.splitFractions, seed: options.seed)
        var clips: [PlannedClip] = []
        var unknown: [RejectedRow] = []
        for (row, split) in zip(manifest.rows, splits) {
            if let index = classNames.index(of: row.label) {
                clips.append(PlannedClip(row: row, split: split, classIndex: index))
            } else {
                unknown.append(
                    RejectedRow(
                        number: row.number, fields: row.fields, reason: "unknown-label",
                        detail: "line \(row.line), column label: `\(row.label)` is not one of the "
                            + "\(classNames.names.count) classes; add it to the class list."))
            }
        }
        rejectedRows = (manifest.rejectedRows + unknown).sorted { $0.number < $1.number }
        shards = Split.allCases.flatMap { split in
            let members = clips.filter { $0.split == split }
            return stride(from: 0, to: members.count, by: options.shardClips).map { start in
                PlannedShard(
                    name: ShardFormat.shardName(
                        split: split.rawValue, index: start / options.shardClips),
                    split: split,
                    clips: Array(members[start..<min(start + options.shardClips, members.count)]))
            }
        }
    }
}

extension ShardPlan {
    /// - Throws: `PipelineError.notQuarantined` for the first of `rows` that the manifest lacks.
    func requireKnown(_ rows: [[String]], manifest: Manifest) throws(PipelineError) {
        let known = Set(manifest.rows.map(\.fields)).union(manifest.rejectedRows.map(\.fields))
        if let index = rows.firstIndex(where: { !known.contains($0) }) {
            throw .notQuarantined(line: index + 2, manifest: manifest.name)
        }
    }
}

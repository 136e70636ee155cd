import Files
import Foundation
import Manifests
import Models
import Recipes
import Shards

/// What is written when all shards are there: files beside the shards first, `dataset.json` last.
///
/// Sidecars are read one after the other, so memory does not grow with what they hold.
struct DatasetPublication {
    private let build: BuildShards
    /// Where each planned shard is that is finished.
    private let places: [(shard: PlannedShard, directory: String)]
    /// Planned shards that nobody has finished.
    let missing: [String]
    /// The shards that hold clips, in the order of the plan.
    private(set) var entries: [DatasetDescription.Shard] = []
    private var hashes: [String: String] = [:]
    /// Why clips are not stored, by position in the plan.
    private var faults: [Int32: ShardSidecar.QuarantinedClip] = [:]
    private var isStored: [Bool]
    private var lookalikes = NearDuplicateSearch()
    /// What the stored samples were made from.
    private var identities: Set<ContentIdentity> = []
    private var sources = SourcesInSplits()

    /// Finds the finished shards of `build`.
    init(_ build: BuildShards) {
        self.build = build
        var places: [(shard: PlannedShard, directory: String)] = []
        var missing: [String] = []
        for shard in build.shards {
            if let directory = build.directory(of: shard) {
                places.append((shard, directory))
            } else {
                missing.append(shard.name)
            }
        }
        (self.places, self.missing) = (places, missing)
        isStored = [Bool](repeating: false, count: build.plan.clips.count)
    }

    /// Clips in all shards.
    var numClips: Int { entries.reduce(0) { $0 + $1.clips } }

    /// Reads the sidecars.
    /// - Throws: `PipelineError.accounting` if a finished shard holds other clips than planned.
    mutating func read() throws {
        for (shard, directory) in places {
            let sidecar = try ShardReader.readSidecar(directory: directory, name: shard.name)
            if !sidecar.samples.isEmpty {
                entries.append(.init(name: shard.name, split: shard.split, sidecar: sidecar))
            }
            hashes["\(ShardFormat.shardFolder)/\(shard.name).json"] = try sha256Hex(
                ofFile: "\(directory)/\(shard.name).json")
            for sample in sidecar.samples { identities.insert(sample.origin.identity) }
            let samples = Dictionary(uniqueKeysWithValues: sidecar.samples.map { ($0.key, $0) })
            let others = Dictionary(
                uniqueKeysWithValues: sidecar.quarantined.map { ($0.key, $0) })
            for position in shard.clips {
                let key = build.plan.clips[Int(position)].key
                if let sample = samples[key] {
                    isStored[Int(position)] = true
                    lookalikes.add(sample.perceptualHash, of: Int(position))
                    sources.add(sample.origin.sourceSha256, of: position, in: shard.split)
                } else if let fault = others[key] {
                    faults[position] = fault
                }
            }
            guard samples.count + others.count == shard.clips.count,
                shard.clips.allSatisfy({ isStored[Int($0)] || faults[$0] != nil })
            else {
                throw PipelineError.accounting(
                    rows: shard.clips.count, stored: samples.count, quarantined: others.count)
            }
        }
    }

    /// What became of the rows whose shards are finished.
    var accounting: DatasetDescription.Accounting {
        let plan = build.plan
        var reasons = Dictionary(
            plan.rejectedRows.map { ($0.reason, 1) }, uniquingKeysWith: +)
        for (position, fault) in faults {
            reasons[fault.reason, default: 0] += plan.rows(of: plan.clips[Int(position)]).count
        }
        var stored = 0
        for (position, clip) in plan.clips.enumerated() where isStored[position] {
            stored += plan.rows(of: clip).count
        }
        return DatasetDescription.Accounting(
            rows: build.manifest.count, stored: stored, reasons: reasons)
    }

    /// Pairs of clips that look alike though their splits or labels differ.
    var nearDuplicates: [NearDuplicate] {
        lookalikes.pairs { NearDuplicateClip($0, of: build) }
    }

    /// Groups and videos that have rows in several splits, by the manifest or by copies of a video.
    var straddling: [String] {
        let known = Set(build.plan.straddling.map(ExactText.init))
        let videos = sources.straddling.map { build.plan.clips[Int($0)].clip.video }
        return build.plan.straddling
            + sortedByBytes(videos.filter { !known.contains(ExactText($0)) })
    }

    /// Writes everything beside the shards and makes all of it the dataset.
    /// - Throws: `PipelineError.accounting` unless every row is stored or quarantined, once.
    func publish(nearDuplicates pairs: [NearDuplicate]) throws {
        let accounting = accounting
        guard accounting.rows == accounting.stored + accounting.quarantined else {
            throw PipelineError.accounting(
                rows: accounting.rows, stored: accounting.stored,
                quarantined: accounting.quarantined)
        }
        let staging = build.staging
        var files: [String: String] = [
            ShardFormat.questionsName: try stageQuestions(),
            ShardFormat.quarantineName: try stageQuarantine(),
        ]
        func stage(_ bytes: [UInt8], _ name: String) throws {
            try staging.stage(bytes, as: name)
            files[name] = sha256Hex(bytes)
        }
        try stage(build.manifest.bytes, ShardFormat.manifestName)
        if !pairs.isEmpty {
            try stage(NearDuplicate.file(pairs), ShardFormat.nearDuplicatesName)
        }
        let description = try makeDescription(files: files.merging(hashes) { $1 })
        let documents = try staging.stage(description)
        try staging.commit(
            shards: places.map { ($0.shard.name, $0.directory) },
            files: Array(files.keys) + documents,
            absentFiles: pairs.isEmpty ? [ShardFormat.nearDuplicatesName] : [])
    }

    private func makeDescription(files: [String: String]) throws -> DatasetDescription {
        let (plan, recipe) = (build.plan, build.options.recipe)
        var remarks = DatasetDescription.SplitRemarks()
        let straddling = straddling
        remarks.straddlingGroups = straddling.count
        remarks.straddlingExamples = Array(straddling.prefix(10))
        remarks.smallClasses = plan.smallClasses.count
        remarks.smallClassExamples = Array(plan.smallClasses.prefix(10))
        return try DatasetDescription(
            kind: .pixels, clipRecipe: recipe, division: build.options.division,
            splitRemarks: remarks, normalization: .blip,
            array: DatasetDescription.Array(
                member: ShardFormat.pixelMember, elementType: recipe.store, shape: recipe.shape,
                layout: "C,T,H,W"),
            tasks: plan.answerSets, shards: entries, accounting: accounting, files: files)
    }

    /// Keeps the samples that leave the dataset beside it.
    /// - Returns: How many were added.
    func keepRemovedSamples() throws -> Int {
        let shards = places.map { ($0.shard.name, $0.directory) }
        let recipeHash = try build.options.recipe.hash()
        return try build.staging.removed.keep(
            build.staging.outgoingShards(shards, recipeHash: recipeHash), recipeHash: recipeHash,
            isStored: identities.contains)
    }

    /// Position in the plan of each row's clip; -1 for rows that were rejected.
    private var clipOfRow: [Int32] {
        var positions = [Int32](repeating: -1, count: build.manifest.rows.count)
        for (position, clip) in build.plan.clips.enumerated() {
            for row in build.plan.rows(of: clip) { positions[Int(row)] = Int32(position) }
        }
        return positions
    }

    /// The rows that are stored, in manifest order.
    /// - Returns: Sha256 of the file.
    private func stageQuestions() throws(FileError) -> String {
        let (plan, manifest) = (build.plan, build.manifest)
        let extra = manifest.extraColumns
        let file = try DurableFile(
            path: "\(build.staging.folder)/\(ShardFormat.questionsName)")
        var text = QuestionsFile.header(extra: extra)
        for (row, position) in clipOfRow.enumerated()
        where position >= 0 && isStored[Int(position)] {
            let clip = plan.clips[Int(position)]
            text += QuestionsFile.line(
                plan.question(row, of: manifest), about: clip.clip, key: clip.key, extra: extra)
            if text.utf8.count > 1 << 20 {
                try file.write(Array(text.utf8))
                text = ""
            }
        }
        try file.write(Array(text.utf8))
        let hash = file.sha256
        try file.publish()
        return hash
    }

    /// The rows that are not stored, in manifest order; the file is itself a manifest.
    /// - Returns: Sha256 of the file.
    private func stageQuarantine() throws(FileError) -> String {
        var lines: [(number: Int, text: String)] = build.plan.rejectedRows.map { row in
            let key = row.key.map { "\($0)" } ?? ""
            return (
                row.number, csvRecord(row.fields + [key, row.reason, "manifest", row.detail, "1"])
            )
        }
        for (position, fault) in faults {
            for index in build.plan.rows(of: build.plan.clips[Int(position)]) {
                let row = build.manifest.rows[Int(index)]
                let reasons = [
                    "\(fault.key)", fault.reason, fault.stage, fault.detail, "\(fault.attempts)",
                ]
                lines.append((row.number, csvRecord(row.fields + reasons)))
            }
        }
        let header = csvRecord(build.manifest.columns + Manifest.quarantineColumns)
        let body = lines.sorted { $0.number < $1.number }.map(\.text)
        let bytes = [UInt8](([header] + body).map { $0 + "\n" }.joined().utf8)
        try build.staging.stage(bytes, as: ShardFormat.quarantineName)
        return sha256Hex(bytes)
    }
}

extension DatasetDescription.Normalization {
    /// What the BLIP image processor does.
    static let blip = DatasetDescription.Normalization(
        imageMean: ImageProcessorConfiguration.blip.imageMean,
        imageStd: ImageProcessorConfiguration.blip.imageStd,
        rescaleFactor: ImageProcessorConfiguration.blip.rescaleFactor)
}

import Files
import Manifests
import Pipelines
import Recipes
public import Shards
import VideoDecoding

/// Writes the page of a pixel dataset: what it holds, clip by clip, and what is wrong with it.
public struct DatasetReport {
    /// Name of the page in the dataset's directory.
    public static let fileName = "dataset.html"

    private let pixels: Dataset
    private let extent: Extent
    private let jobs: Int

    /// How much of a dataset a page shows.
    public enum Extent: Sendable {
        /// Some clips, in a fraction of a second.
        case sample
        /// Up to 20,000 clips, and a map of them where they have features.
        case whole

        /// Clips that are counted by codec, size and length.
        fileprivate var maxCounted: Int { self == .sample ? 300 : 20_000 }
        /// Clips that are shown, in addition to those of `maxPairs`.
        fileprivate var maxClips: Int { self == .sample ? 32 : 20_000 }
        /// Pairs of clips that look alike.
        fileprivate var maxPairs: Int { self == .sample ? 4 : 24 }
    }

    private static let maxRows = 2_000
    /// Most characters shown of a path, a label or a reason, since a page has many of them.
    private static let maxCharacters = 160
    /// Bytes of a page, and of its pictures, at most.
    private static let (pageBudget, pictureBudget) = (19_000_000, 12_000_000)

    /// Prepares the page of `pixels`; `write` makes it, drawing `jobs` pictures at once.
    /// - Throws: `ShardError.otherKind` if it holds features.
    public init(of pixels: Dataset, extent: Extent, jobs: Int) throws(ShardError) {
        try pixels.require(.pixels)
        self.pixels = pixels
        self.extent = extent
        self.jobs = jobs
    }

    /// Makes the page and publishes it.
    /// - Parameter path: The file; `nil` means beside `dataset.json`.
    /// - Returns: The file's path.
    /// - Throws: `ShardError`, as `QuestionsFile`; `ManifestError`, as `DelimitedFile`, if the
    ///   quarantine or the list of near-duplicates cannot be read; `FileError.cannotCreate` or
    ///   `.system`.
    @discardableResult
    public func write(to path: String? = nil) async throws -> String {
        let path = path ?? "\(pixels.directory)/\(Self.fileName)"
        try publishFile(try PageTemplate.dataset.page(showing: await makePage()), at: path)
        return path
    }

    /// Gathers what the page shows.
    func makePage() async throws -> DatasetPage {
        let description = pixels.description
        let questions = try QuestionsFile(of: pixels)
        let stored = try await StoredClip.selection(
            of: pixels, count: extent.maxCounted, questions: questions, jobs: jobs)
        let splits = Split.allCases.filter { split in
            questions.rows.contains { $0.split == split }
        }
        var page = DatasetPage(
            // The page beside a dataset has the same bytes wherever the dataset is.
            name: extent == .whole ? shortened(lastComponent(of: pixels.directory)) : "",
            lead: lead,
            summary: summary,
            warnings: description.splitRemarks.warnings, splits: splits.map(\.rawValue),
            tasks: tasks(questions, splits), distributions: Self.distributions(of: stored))
        try addQuarantine(to: &page)
        let duplicates = try nearDuplicates()
        let pairs = duplicates.prefix(extent.maxPairs).compactMap(Pair.init)
        let shown = try await addClips(stored, pairs: pairs, to: &page)
        page.duplicatesInAll = duplicates.count
        page.duplicates = pairs.map { pair in
            func side(_ key: String, _ video: String) -> DatasetPage.Side {
                shown[key].map { .shown($0) } ?? .video(shortened(video))
            }
            return DatasetPage.Pair(
                why: pair.why, first: side(pair.first.key, pair.first.video),
                second: side(pair.second.key, pair.second.video))
        }
        if extent == .whole, let map = FeatureMap(of: pixels) {
            page.map = map.places.compactMap { key, place in
                shown[key].map { [Double($0)] + place }
            }
        }
        return page
    }

    private var lead: String {
        let recipe = pixels.description.clipRecipe
        return "\(counted(recipe.numFrames, "frame")) a clip (\(recipe.sampling.rawValue)), "
            + "\(recipe.imageSize) × \(recipe.imageSize) pixels (\(recipe.resize.rawValue)), "
            + "stored as \(recipe.store.rawValue)."
    }

    private var summary: [String] {
        let accounting = pixels.description.accounting
        let reasons = accounting.reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return [
            "\(counted(accounting.rows, "row")): \(accounting.stored) stored as "
                + "\(counted(pixels.description.numClips, "clip")), \(accounting.quarantined) in quarantine"
                + (reasons.isEmpty ? "." : " (\(reasons)).")
        ]
    }

    private func tasks(_ file: QuestionsFile, _ splits: [Split]) -> [DatasetPage.Task] {
        let rows = Dictionary(grouping: file.rows, by: \.task)
        return pixels.description.tasks.map { task in
            let byClass = Dictionary(grouping: rows[task.task] ?? [], by: \.classIndex)
            return DatasetPage.Task(
                name: shortened(task.task),
                classes: task.classes.enumerated().map { index, name in
                    let rows = byClass[index] ?? []
                    return DatasetPage.Class(
                        name: shortened(name),
                        counts: splits.map { split in rows.count { $0.split == split } },
                        sources: Set(rows.map(\.video)).count)
                })
        }
    }

    private func addQuarantine(to page: inout DatasetPage) throws {
        let path = "\(pixels.directory)/\(ShardFormat.quarantineName)"
        guard fileExists(path) else { return }
        let file = try DelimitedFile(path: path)
        func column(_ name: String) -> Int? { file.header.firstIndex(of: name) }
        let columns = ["video", "label", "reason", "detail"].map(column)
        page.quarantine = file.records.prefix(Self.maxRows).map { record in
            let values = columns.map { place in
                let field = place.flatMap { $0 < record.fields.count ? record.fields[$0] : nil }
                return shortened(field ?? "", to: Self.maxCharacters)
            }
            return DatasetPage.Row(
                video: values[0], label: values[1], reason: values[2], detail: values[3])
        }
    }

    private struct Pair {
        let why: String
        let first: (key: String, video: String)
        let second: (key: String, video: String)

        /// Reads a line of `near-duplicates.csv`.
        init?(_ record: DelimitedFile.Record) {
            let fields = record.fields
            guard fields.count == 10 else { return nil }
            why =
                "\(fields[0].replacing("-", with: " ").replacing("+", with: ", ")): "
                + "\(fields[1]) of 64 bits a frame differ"
            first = (fields[2], fields[5])
            second = (fields[6], fields[9])
        }
    }

    private func nearDuplicates() throws -> [DelimitedFile.Record] {
        let path = "\(pixels.directory)/\(ShardFormat.nearDuplicatesName)"
        return fileExists(path) ? try DelimitedFile(path: path).records : []
    }

    /// Puts clips, those of `pairs` first, and within the budget their pictures on the page.
    /// - Returns: The index of each clip by its key.
    private func addClips(
        _ stored: [StoredClip], pairs: some Sequence<Pair>, to page: inout DatasetPage
    ) async throws -> [String: Int] {
        let strips = Filmstrips(
            of: pixels, frameSize: 96, maxFrames: 4, shards: Set(stored.map(\.shard)))
        let urgent = Set(pairs.flatMap { [$0.first.key, $0.second.key] })
        let shown = stored.enumerated().filter { place, clip in
            place < extent.maxClips || urgent.contains("\(clip.key)")
        }.map(\.element)
        page.clips = shown.map { clip in
            let receipt = clip.receipt
            return DatasetPage.Clip(
                key: "\(clip.key)", video: shortened(clip.clip.video, to: Self.maxCharacters),
                window: clip.clip.windowDescription, split: clip.split.rawValue,
                answers: clip.answers, codec: receipt.codec,
                size: "\(receipt.width)×\(receipt.height)", numFrames: receipt.numFramesInWindow,
                damage: shortened(receipt.damage, to: Self.maxCharacters))
        }
        // What the text leaves, and what a few pictures need, says how many clips can have one.
        let text = try PageTemplate.dataset.page(showing: page).count
        let budget = min(Self.pictureBudget, max(Self.pageBudget - text, 1))
        var pictures = try await draw(strips, of: shown.prefix(20))
        let sample = pictures.values.map(\.dataURL.utf8.count)
        let mean = max(1, sample.reduce(0, +) / max(1, sample.count))
        let count = min(shown.count, budget / mean)
        let pictured = shown.indices.filter { place in
            place * count / shown.count != (place + 1) * count / shown.count
                || urgent.contains("\(shown[place].key)")
        }
        let missing = pictured.map { shown[$0] }.filter { pictures[$0.key] == nil }
        pictures.merge(try await draw(strips, of: missing)) { $1 }
        for place in pictured {
            guard let strip = pictures[shown[place].key] else { continue }
            page.clips[place].strip = strip.dataURL
            page.clips[place].frames = strip.frames
        }
        var notes: [String] = []
        let all = pixels.description.numClips
        if shown.count < all {
            notes.append(
                "The page shows \(shown.count) of \(counted(all, "clip")); `vbprep inspect --html` shows more"
            )
        }
        if count < shown.count {
            notes.append("\(pictured.count) of the clips, spread over all, have a picture here")
        }
        page.note = notes.isEmpty ? "" : notes.joined(separator: ". ") + "."
        return Dictionary(
            page.clips.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private func draw(
        _ strips: Filmstrips, of clips: some Collection<StoredClip>
    ) async throws -> [ClipKey: Filmstrips.Strip] {
        var drawn: [ClipKey: Filmstrips.Strip] = [:]
        try await forEachInOrder(
            clips.map(\.key), limit: jobs, operation: { ($0, strips.strip(of: $0)) },
            commit: { key, strip in drawn[key] = strip })
        return drawn
    }
}

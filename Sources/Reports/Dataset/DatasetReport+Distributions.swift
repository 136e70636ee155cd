import Files
import Shards
import VideoDecoding

extension DatasetReport {
    private static let maxBars = 8

    /// How many clips have each codec, size and length.
    static func distributions(of clips: [StoredClip]) -> [DatasetPage.Distribution] {
        let lengths = clips.compactMap(\.seconds).map { seconds in
            lengthLimits.first { seconds < $0.limit }?.name ?? "5 min and more"
        }
        let order = lengthLimits.map(\.name) + ["5 min and more"]
        let counted = Dictionary(lengths.map { ($0, 1) }, uniquingKeysWith: +)
        return [
            .init(
                title: "Codec and pixel format",
                bars: bars(clips.map { "\($0.receipt.codec), \($0.receipt.pixelFormat)" })),
            .init(
                title: "Width × height",
                bars: bars(clips.map { "\($0.receipt.width) × \($0.receipt.height)" })),
            .init(
                title: "From the first sampled frame to the last",
                bars: order.compactMap { name in counted[name].map { .init(name: name, count: $0) }
                }),
        ].filter { !$0.bars.isEmpty }
    }

    private static let lengthLimits: [(limit: Double, name: String)] = [
        (1, "below 1 s"), (2, "1–2 s"), (5, "2–5 s"), (10, "5–10 s"), (30, "10–30 s"),
        (60, "30–60 s"), (300, "1–5 min"),
    ]

    /// The most frequent names, the others together.
    static func bars(_ names: [String]) -> [DatasetPage.Bar] {
        let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let others = sorted.dropFirst(maxBars).reduce(0) { $0 + $1.value }
        return sorted.prefix(maxBars).map { .init(name: $0.key, count: $0.value) }
            + (others > 0 ? [.init(name: "others", count: others)] : [])
    }
}

extension DatasetDescription.SplitRemarks {
    /// What to know before the splits are used, a sentence each.
    var warnings: [String] {
        var warnings: [String] = []
        if straddlingGroups > 0 {
            warnings.append(
                "\(counted(straddlingGroups, "source")) in several splits, under one name or as copies: "
                    + straddlingExamples.prefix(3).map { shortened($0, to: 100) }.joined(
                        separator: ", "))
        }
        if smallClasses > 0 {
            warnings.append(
                "Not in every split, for want of three sources: \(counted(smallClasses, "class")): "
                    + smallClassExamples.prefix(5).map { shortened($0, to: 60) }.joined(
                        separator: ", "))
        }
        return warnings
    }
}

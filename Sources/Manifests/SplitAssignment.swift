import Crypto
import Foundation

/// The wanted shares of the splits.
public struct SplitFractions: Sendable, Equatable {
    /// Share of the training split, 0…1.
    public let train: Double
    /// Share of the validation split, 0…1.
    public let validation: Double
    /// Share of the test split, 0…1.
    public let test: Double

    /// Reads three fractions that add up to 1, such as `0.8,0.1,0.1`.
    /// - Throws: `ManifestError.invalidSplitFractions`.
    public init(_ text: String) throws(ManifestError) {
        let values = text.split(separator: ",", omittingEmptySubsequences: false)
            .map { Double($0.trimmingCharacters(in: .whitespaces)) ?? .nan }
        guard values.count == 3, values.allSatisfy({ $0 >= 0 && $0 <= 1 }),
            abs(values.reduce(0, +) - 1) < 1e-6
        else { throw .invalidSplitFractions(text) }
        (train, validation, test) = (values[0], values[1], values[2])
    }

    subscript(split: Split) -> Double {
        switch split {
        case .train: train
        case .validation: validation
        case .test: test
        }
    }
}

/// Gives every row a split.
///
/// Rows that name one keep it, and the rest of their group follows them. All others are spread
/// stratified by label: groups whole, in an order that depends only on the seed and on what the
/// rows say, so the result is the same for any order of the rows.
/// - Returns: one split per row, in the order of `rows`.
public func assignSplits(
    to rows: [ManifestRow], fractions: SplitFractions, seed: UInt64
) -> [Split] {
    var units = Dictionary(grouping: rows.indices) { index in
        rows[index].group.map { ["group", $0] } ?? ["clip"] + rows[index].clipIdentity
    }
    var splits = [Split](repeating: .train, count: rows.count)
    var shares = SplitShares(fractions: fractions)

    for (identity, members) in units {
        guard let named = members.lazy.compactMap({ rows[$0].split }).first else { continue }
        for index in members { splits[index] = named }
        units[identity] = nil
    }
    let ordered = units.map { identity, members in
        Unit(
            label: commonestLabel(members.map { rows[$0].label }), members: members,
            order: digest(of: identity, seed: seed))
    }.sorted()
    for unit in ordered { shares.expect(unit.members.count, of: unit.label) }
    for unit in ordered {
        let split = shares.take(unit.members.count, of: unit.label)
        for index in unit.members { splits[index] = split }
    }
    return splits
}

/// Rows that must share a split, with the label they are stratified by.
private struct Unit: Comparable {
    let label: String
    let members: [Int]
    let order: [UInt8]

    /// By label; within one the large groups first, while there is room for them.
    static func < (left: Unit, right: Unit) -> Bool {
        if left.label != right.label { return left.label < right.label }
        if left.members.count != right.members.count {
            return left.members.count > right.members.count
        }
        return left.order.lexicographicallyPrecedes(right.order)
    }

    static func == (left: Unit, right: Unit) -> Bool { left.order == right.order }
}

/// How many rows each split still lacks, per label and over all labels.
private struct SplitShares {
    let fractions: SplitFractions
    private var lacking: [String: [Split: Double]] = [:]
    private var lackingOverall: [Split: Double] = [:]

    init(fractions: SplitFractions) {
        self.fractions = fractions
    }

    mutating func expect(_ count: Int, of label: String) {
        for split in Split.allCases {
            lacking[label, default: [:]][split, default: 0] += fractions[split] * Double(count)
            lackingOverall[split, default: 0] += fractions[split] * Double(count)
        }
    }

    /// Gives `count` rows to the split that lacks most rows of `label`.
    ///
    /// A tie goes to the one that lacks most overall.
    mutating func take(_ count: Int, of label: String) -> Split {
        let candidates = Split.allCases.filter { fractions[$0] > 0 }
        let most = candidates.map { lacking[label]?[$0] ?? 0 }.max() ?? 0
        let split =
            candidates.filter { (lacking[label]?[$0] ?? 0) > most - 1e-9 }
            .max { (lackingOverall[$0] ?? 0, $1) < (lackingOverall[$1] ?? 0, $0) } ?? .train
        lacking[label]?[split]? -= Double(count)
        lackingOverall[split]? -= Double(count)
        return split
    }
}

private func commonestLabel(_ labels: [String]) -> String {
    let counts = Dictionary(grouping: labels, by: \.self).mapValues(\.count)
    return counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key ?? ""
}

private func digest(of identity: [String], seed: UInt64) -> [UInt8] {
    Array(SHA256.hash(data: Data((["\(seed)"] + identity).joined(separator: "\u{0}").utf8)))
}

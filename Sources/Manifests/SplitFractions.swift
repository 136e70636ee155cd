import Foundation
public import Recipes

/// The requested shares of the splits.
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

    /// The share of `split`.
    public subscript(split: Split) -> Double {
        switch split {
        case .train: train
        case .validation: validation
        case .test: test
        }
    }

    /// The splits that are to get anything, with their parts of 0…1 in this order; the last one
    /// takes what rounding leaves.
    var parts: [(split: Split, part: Range<Double>)] {
        let wanted = Split.allCases.filter { self[$0] > 0 }
        var start = 0.0
        return wanted.map { split in
            let end = split == wanted.last ? 1 : min(1, start + self[split])
            defer { start = end }
            return (split, start..<end)
        }
    }
}

/// How often each true class was taken for each class; only pairs that occur are kept, so it grows
/// with the questions and not with the square of the classes.
public struct ConfusionMatrix: Sendable, Equatable {
    /// A pair of classes that occurs.
    public struct Entry: Sendable, Equatable {
        /// The true class.
        public let label: Int
        /// The predicted class.
        public let prediction: Int
        /// Questions, at least one.
        public fileprivate(set) var count: Int
    }

    /// Number of classes.
    public let numClasses: Int
    /// The pairs by true class, then by predicted class.
    public let entries: [Entry]

    /// Counts the pairs of `labels` and `predictions`.
    /// - Precondition: as many labels as predictions; all are indices of classes.
    init(labels: [Int], predictions: [Int], numClasses: Int) {
        precondition(labels.count == predictions.count)
        self.numClasses = numClasses
        var entries: [Entry] = []
        for (label, prediction) in zip(labels, predictions).sorted(by: <) {
            precondition(0..<numClasses ~= label && 0..<numClasses ~= prediction)
            if let last = entries.last, last.label == label, last.prediction == prediction {
                entries[entries.count - 1].count += 1
            } else {
                entries.append(Entry(label: label, prediction: prediction, count: 1))
            }
        }
        self.entries = entries
    }

    /// Questions of class `label` that were taken for `prediction`.
    public subscript(label: Int, prediction: Int) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            let entry = entries[middle]
            if (entry.label, entry.prediction) < (label, prediction) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < entries.count, entries[low].label == label,
            entries[low].prediction == prediction
        else { return 0 }
        return entries[low].count
    }

    /// Precision, recall and F1 of each class.
    var scores: [ClassScores] {
        var (support, predicted, hits) = (zeros, zeros, zeros)
        for entry in entries {
            support[entry.label] += entry.count
            predicted[entry.prediction] += entry.count
            if entry.label == entry.prediction { hits[entry.label] += entry.count }
        }
        return (0..<numClasses).map {
            ClassScores(hits: hits[$0], support: support[$0], predicted: predicted[$0])
        }
    }

    private var zeros: [Int] { Array(repeating: 0, count: numClasses) }

    /// Pairs of different classes, the most frequent first.
    public var confusions: [Entry] {
        entries.filter { $0.label != $0.prediction }.sorted {
            ($1.count, $0.label, $0.prediction) < ($0.count, $1.label, $1.prediction)
        }
    }
}

/// In JSON, `entries` are triples of true class, predicted class and count.
extension ConfusionMatrix: Codable {
    private enum CodingKeys: String, CodingKey { case numClasses, entries }

    /// Reads what `encode` wrote.
    /// - Throws: `DecodingError` if it cannot have been.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let numClasses = try values.decode(Int.self, forKey: .numClasses)
        let triples = try values.decode([[Int]].self, forKey: .entries)
        let isSound = triples.allSatisfy {
            $0.count == 3 && 0..<max(0, numClasses) ~= $0[0] && 0..<max(0, numClasses) ~= $0[1]
                && 1...1 << 48 ~= $0[2]
        }
        let pairs = isSound ? triples.map { ($0[0], $0[1]) } : []
        guard isSound, numClasses <= 1 << 24, zip(pairs, pairs.dropFirst()).allSatisfy(<) else {
            throw DecodingError.dataCorruptedError(
                forKey: .entries, in: values, debugDescription: "not a confusion matrix")
        }
        self.numClasses = numClasses
        entries = triples.map { Entry(label: $0[0], prediction: $0[1], count: $0[2]) }
    }

    /// Writes the number of classes and the entries.
    /// - Throws: What `encoder` throws.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(numClasses, forKey: .numClasses)
        try values.encode(entries.map { [$0.label, $0.prediction, $0.count] }, forKey: .entries)
    }
}

/// Precision, recall and F1 of one class; a ratio with denominator 0 counts as 0.
struct ClassScores {
    /// Questions of this class that were taken for it.
    let hits: Int
    /// Questions of this class.
    let support: Int
    /// Questions taken for this class.
    let predicted: Int

    var precision: Double { Self.ratio(hits, predicted) }
    var recall: Double { Self.ratio(hits, support) }
    var f1: Double { Self.ratio(2 * hits, support + predicted) }

    private static func ratio(_ numerator: Int, _ denominator: Int) -> Double {
        denominator == 0 ? 0 : Double(numerator) / Double(denominator)
    }
}

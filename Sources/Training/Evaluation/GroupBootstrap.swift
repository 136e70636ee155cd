import Tensors

/// The interval of the weighted F1 from resampling whole groups with replacement.
///
/// Questions of one group, such as windows of one video, are right or wrong together; drawing them
/// one by one would treat them as independent, and the interval would be too narrow.
/// Source: Efron, Bootstrap Methods: Another Look at the Jackknife (1979; percentile intervals);
/// Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8 (clusters).
struct GroupBootstrap {
    private let labels: [Int]
    private let predictions: [Int]
    private let numClasses: Int
    /// The questions of each group.
    private let groups: [[Int]]

    /// - Precondition: as many labels as predictions and groups.
    init(labels: [Int], predictions: [Int], groups: [String], numClasses: Int) {
        precondition(labels.count == predictions.count && labels.count == groups.count)
        self.labels = labels
        self.predictions = predictions
        self.numClasses = numClasses
        self.groups = Self.members(of: groups)
    }

    /// The questions of each different name of `groups`, in the order of first occurrence.
    static func members(of groups: [String]) -> [[Int]] {
        var places: [String: Int] = [:]
        var questions: [[Int]] = []
        for (question, group) in groups.enumerated() {
            if let place = places[group] {
                questions[place].append(question)
            } else {
                places[group] = questions.count
                questions.append([question])
            }
        }
        return questions
    }

    /// Number of groups.
    var count: Int { groups.count }

    /// The 95 % interval of the weighted F1: lower and upper end.
    ///
    /// Where every group is answered without a mistake, or without success, it is Wilson's interval
    /// of the share of such groups.
    /// - Returns: `nil` if there are fewer than two groups, of which nothing can be drawn.
    func f1WeightedInterval(rounds: Int = 1000, seed: UInt64 = 42) -> [Double]? {
        guard count > 1 else { return nil }
        let random = CounterRandom(seed: seed, stream: 0xB007)
        let scores = mapInParallel(rounds) { round in
            var counts = Counts(numClasses: numClasses)
            for draw in 0..<count {
                let position = UInt64(round * count + draw)
                for question in groups[Int(random.bits(position) % UInt64(count))] {
                    counts.add(label: labels[question], prediction: predictions[question])
                }
            }
            return counts.f1Weighted
        }
        let sorted = scores.sorted()
        // Where all answers are right, or all wrong, drawing again shows no other outcome.
        if let score = sorted.first, score == sorted.last, score == 0 || score == 1 {
            return wilsonInterval(hits: score == 1 ? count : 0, total: count)
        }
        return Self.interval(of: sorted)
    }

    /// The middle 95 % of `sorted`.
    static func interval(of sorted: [Double]) -> [Double] {
        [0.025, 0.975].map { percentile($0, of: sorted) }
    }

    /// Interpolated between neighbours, as NumPy does.
    private static func percentile(_ share: Double, of sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1)
        let index = min(Int(place), sorted.count - 1)
        let next = min(index + 1, sorted.count - 1)
        return sorted[index] + (place - Double(index)) * (sorted[next] - sorted[index])
    }

    /// What the F1 of each class follows from.
    private struct Counts {
        private var hits: [Int]
        private var support: [Int]
        private var predicted: [Int]

        init(numClasses: Int) {
            hits = Array(repeating: 0, count: numClasses)
            support = hits
            predicted = hits
        }

        mutating func add(label: Int, prediction: Int) {
            support[label] += 1
            predicted[prediction] += 1
            if label == prediction { hits[label] += 1 }
        }

        var f1Weighted: Double {
            var sum = 0.0
            for index in hits.indices where support[index] + predicted[index] > 0 {
                let f1 = 2 * Double(hits[index]) / Double(support[index] + predicted[index])
                sum += f1 * Double(support[index])
            }
            return sum / Double(support.reduce(0, +))
        }
    }
}

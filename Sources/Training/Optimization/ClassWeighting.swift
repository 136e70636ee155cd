extension TrainOptions.ClassWeighting {
    /// The weight of each class; `nil` if all count 1.
    func weights(labels: [Int], numClasses: Int) -> [Double]? {
        guard self == .balanced else { return nil }
        var counts = [Int](repeating: 0, count: numClasses)
        for label in labels { counts[label] += 1 }
        return counts.map { count in
            count == 0 ? 0 : Double(labels.count) / Double(numClasses * count)
        }
    }
}

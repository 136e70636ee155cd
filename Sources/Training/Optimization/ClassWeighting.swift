extension TrainOptions.ClassWeighting {
    /// Loss weight of each output, balanced within its task, 0 for a class without questions; `nil`
    /// if all are 1.
    ///
    /// Source: scikit-learn, `compute_class_weight("balanced")`.
    func weights(labels: [Int], outputs: ModelOutputs) -> [Double]? {
        guard self == .balanced else { return nil }
        var counts = [Int](repeating: 0, count: outputs.count)
        for label in labels { counts[label] += 1 }
        return outputs.tasks.indices.flatMap { task in
            let counts = counts[outputs.range(of: task)]
            let total = counts.reduce(0, +)
            return counts.map { $0 == 0 ? 0 : Double(total) / Double(counts.count * $0) }
        }
    }
}

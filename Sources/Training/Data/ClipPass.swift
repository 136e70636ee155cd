import Tensors

extension FeatureDataset {
    /// The first question about each clip.
    var firstQuestions: [Int] {
        var known = Set<Int>()
        return clipIndices.indices.filter { known.insert(clipIndices[$0]).inserted }
    }

    /// Reads the clips of `questions`, several at once, and makes something of each, which `use`
    /// gets in their order.
    /// - Parameters:
    ///   - questions: Indices of questions.
    ///   - progress: Told the share that is done, from 0 to 1; returns whether to stop.
    ///   - make: Turns the features of a clip, Float32 (T·L, D), into what is wanted of it.
    ///   - use: Takes it.
    /// - Returns: False if it was stopped.
    /// - Throws: What reading features throws.
    func forEachClip<Part: Sendable>(
        of questions: [Int], progress: (Double) -> Bool, make: @Sendable ([Float]) -> Part,
        use: (Part) -> Void
    ) throws -> Bool {
        // Large enough to keep all threads busy, small enough to keep in memory.
        let groupSize = 64
        for start in stride(from: 0, to: questions.count, by: groupSize) {
            if progress(Double(start) / Double(questions.count)) { return false }
            let group = questions[start..<min(start + groupSize, questions.count)]
            let parts = mapInParallel(group.count) { index in
                Result { make(try features(of: group[group.startIndex + index])) }
            }
            for part in parts { use(try part.get()) }
        }
        return true
    }
}

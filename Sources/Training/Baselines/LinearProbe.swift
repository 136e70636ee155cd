/// Logistic regression on the mean token of a clip, each channel standardised.
///
/// The mean over frames and tokens is the same in any order of the frames, so the probe is blind to
/// it.
struct LinearProbe: Sendable, Codable, Equatable {
    /// C of the regression.
    static let c = 1.0
    /// Weights at most: their copies in the solver are to stay below some hundred megabytes.
    private static let maximumWeights = 1 << 20
    /// Questions times weights at most, which bounds the time.
    private static let maximumProducts = 1 << 32
    /// Questions for each class at least, on average; fewer teach nothing.
    private static let questionsPerClass = 2

    /// Index of the class among those of the task that each output stands for: those that occur.
    let classes: [Int]
    /// Mean of each channel of the mean tokens.
    let mean: [Float]
    /// One over the deviation of each channel.
    let inverseDeviation: [Float]
    let regression: LogisticRegression
    /// Questions that it was fitted to.
    let questions: Int

    /// How many questions may be used for a task of `numClasses`; 0 if it would take too long.
    static func maximumQuestions(numClasses: Int, width: Int) -> Int {
        let numWeights = numClasses * width
        let questions = maximumProducts / numWeights
        return numWeights > maximumWeights || questions < questionsPerClass * numClasses
            ? 0 : questions
    }

    /// Fits a probe; `nil` if it was stopped.
    /// - Precondition: a label for each row, at least one.
    /// - Parameters:
    ///   - means: The mean token of each question's clip, Float32 (questions, width).
    ///   - labels: Index of each question's class among those of the task.
    ///   - solver: How the regression is fitted.
    ///   - isStopped: Asked now and then.
    init?(
        _ means: [Float], labels: [Int], solver: LBFGS = LBFGS(),
        isStopped: () -> Bool = { false }
    ) {
        let width = means.count / labels.count
        classes = Set(labels).sorted()
        questions = labels.count
        (mean, inverseDeviation) = Self.moments(means, width: width)
        let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
        let regression = LogisticRegression(
            Self.standardized(means, mean, inverseDeviation),
            labels: labels.map { places[$0] ?? 0 }, numClasses: classes.count, c: Self.c,
            solver: solver, isStopped: isStopped)
        guard let regression else { return nil }
        self.regression = regression
    }

    /// The class of each row of `means`, Float32 (questions, width), among those of the task.
    func predictions(_ means: [Float]) -> [Int] {
        regression.predictions(Self.standardized(means, mean, inverseDeviation)).map { classes[$0] }
    }

    /// Whether it can be applied to tokens `width` wide of a task of `numClasses`.
    func isPlausible(width: Int, numClasses: Int) -> Bool {
        mean.count == width && inverseDeviation.count == width
            && regression.intercepts.count == classes.count && !classes.isEmpty
            && regression.weights.count == classes.count * width
            && classes.allSatisfy { 0..<numClasses ~= $0 } && questions > 0
    }

    private static func standardized(
        _ means: [Float], _ mean: [Float], _ inverseDeviation: [Float]
    ) -> [Float] {
        means.enumerated().map { place, value in
            let channel = place % mean.count
            return (value - mean[channel]) * inverseDeviation[channel]
        }
    }

    /// Mean and inverse deviation of each column, 1 where it never varies.
    ///
    /// Source: scikit-learn, `StandardScaler`.
    private static func moments(_ rows: [Float], width: Int) -> ([Float], [Float]) {
        let count = Double(rows.count / width)
        var mean = [Double](repeating: 0, count: width)
        for (place, value) in rows.enumerated() { mean[place % width] += Double(value) }
        for channel in mean.indices { mean[channel] /= count }
        var squares = [Double](repeating: 0, count: width)
        for (place, value) in rows.enumerated() {
            let difference = Double(value) - mean[place % width]
            squares[place % width] += difference * difference
        }
        let inverse = zip(squares, mean).map { squares, mean in
            let deviation = (squares / count).squareRoot()
            return deviation > 1e-7 * abs(mean) ? Float(1 / deviation) : 1
        }
        return (mean.map { Float($0) }, inverse)
    }
}

extension FeatureDataset {
    /// The mean token of each question's clip, Float32 (questions, D), each clip read once; `nil`
    /// if it was stopped.
    func meanTokens(isStopped: () -> Bool) throws -> [Float]? {
        let width = hiddenSize
        var means: [Int: [Float]] = [:]
        let firstQuestions = firstQuestions
        let clips = firstQuestions.map { clipIndices[$0] }
        let isDone = try forEachClip(of: firstQuestions, progress: { _ in isStopped() }) { values in
            var sums = [Double](repeating: 0, count: width)
            for token in 0..<values.count / width {
                for channel in 0..<width {
                    sums[channel] += Double(values[token * width + channel])
                }
            }
            return sums.map { Float($0 / Double(values.count / width)) }
        } use: {
            means[clips[means.count]] = $0
        }
        return isDone ? clipIndices.flatMap { means[$0] ?? [] } : nil
    }
}

import Tensors

/// Where a training stands between two updates; with weights and moments, all of it.
///
/// Masks and orders are functions of seed, step and epoch, so there is no other random state.
struct TrainingState: Sendable, Codable, Equatable {
    /// Updates done.
    var step = 0
    /// The step after which everything has been done that was due, such as an evaluation.
    var settledStep = 0
    /// Epochs finished.
    var epoch = 0
    /// Questions of the current epoch's order that have been used.
    var position = 0
    /// Passes done; numbers the dropout masks.
    var passes: UInt64 = 0
    /// The best evaluation so far.
    var best: EvaluationLine?
    /// Evaluations since then.
    var evaluationsSinceBest = 0
    /// What the next log line will be about.
    var window = LogWindow()
    /// Seed of the masks and orders, for the record.
    var seed: UInt64
    /// Bytes of `log.jsonl`; what comes after them is written again on resumption.
    var logBytes = 0

    /// The libraries of the products, which decide their last bits.
    var mathLibrary: String? = MathLibrary.allNames

    /// Whether its numbers are consistent, and small enough to go on counting from.
    var isPlausible: Bool {
        // No training comes near this; sums of such numbers do not overflow.
        let maximum = 1 << 48
        let counts = [step, position, evaluationsSinceBest, logBytes, window.questions]
        return counts.allSatisfy { 0...maximum ~= $0 } && passes <= UInt64(maximum)
            && 0...step ~= settledStep && 0...step ~= epoch
    }
}

/// What happened since the last log line.
struct LogWindow: Sendable, Codable, Equatable {
    private var losses: [Double] = []
    private var gradNorm = 0.0
    private(set) var questions = 0
    private var seconds = 0.0
    private var secondsWaited = 0.0

    mutating func add(
        loss: Double, gradNorm: Double, questions: Int, seconds: Double, secondsWaited: Double
    ) {
        losses.append(loss)
        self.gradNorm = gradNorm
        self.questions += questions
        self.seconds += seconds
        self.secondsWaited += secondsWaited
    }

    /// The line about the window, which is empty afterwards.
    mutating func close(step: Int, epoch: Double, learningRate: Double) -> LogLine {
        let line = LogLine(
            step: step, epoch: epoch, loss: losses.reduce(0, +) / Double(max(1, losses.count)),
            learningRate: learningRate, gradNorm: gradNorm,
            clipsPerSecond: Double(questions) / max(seconds, 1e-9),
            dataWait: secondsWaited / max(seconds, 1e-9))
        self = LogWindow()
        return line
    }
}

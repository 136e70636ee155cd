public import Models
import Tensors

/// The training loop: batches, forward and backward, clipping, AdamW, evaluation, checkpoints.
///
/// One update sees up to `batchSize · gradientAccumulation` questions and its loss is their mean;
/// the last update of an epoch takes what is left. The result depends on options, weights and data
/// alone, not on the number of threads nor on interruptions.
public struct Trainer<Training: FeatureDataset, Validation: FeatureDataset> {
    /// The model as it is now.
    public internal(set) var model: VideoClassifier
    let options: TrainOptions
    private let training: Training
    let validation: Validation
    let outputs: ModelOutputs
    private let classWeights: [Double]?
    let reading: ClipReading
    private let prompts: QuestionPrompts
    private let sampler: BatchSampler
    private let schedule: LearningRateSchedule
    private let updatesPerEpoch: Int
    let storage: RunStorage?
    private var reader: BatchReader<Training>
    var optimizer: AdamW
    var state: TrainingState
    /// Whether `progress` asked to stop after something that is done.
    var isStopping = false
    /// The best weights, if there is no storage to keep them in.
    var bestValues: [Float]?

    /// Prepares a training of `model`, which has `outputs`, on `training`, chosen by its score on
    /// `validation`, which may be empty if it is never evaluated.
    ///
    /// Checkpoints and the best weights go to `storage`.
    /// - Precondition: `model.numClasses == outputs.count`.
    /// - Throws: `TrainingError.invalidOption`.
    public init(
        model: consuming VideoClassifier, options: TrainOptions, training: Training,
        validation: Validation, outputs: ModelOutputs, reading: ClipReading,
        storage: RunStorage? = nil
    ) throws(TrainingError) {
        precondition(
            model.numClasses == outputs.count, "\(model.numClasses) outputs for \(outputs.count)")
        try options.validate()
        try options.validate(outputs: outputs)
        optimizer = AdamW(store: model.store, weightDecay: options.weightDecay)
        self.model = model
        self.options = options
        self.training = training
        self.validation = validation
        self.outputs = outputs
        self.reading = reading
        self.storage = storage
        prompts = QuestionPrompts(
            training, outputs: outputs, reading: reading, wordings: options.wordings)
        reader = BatchReader(training, reading)
        classWeights = options.classWeights.weights(labels: training.labels, outputs: outputs)
        sampler = BatchSampler(clipIndices: training.clipIndices, seed: options.seed)
        let questionsPerUpdate = options.questionsPerUpdate
        updatesPerEpoch = (training.count + questionsPerUpdate - 1) / questionsPerUpdate
        schedule = LearningRateSchedule(options, updatesPerEpoch: updatesPerEpoch)
        state = TrainingState(seed: options.seed)
    }

    /// Goes on from a checkpoint.
    /// - Throws: `TrainingError.invalidCheckpoint`, `.otherOptions` if this machine would give
    ///   other bits, and as `RunStorage.truncateLog`.
    public mutating func resume(from checkpoint: Checkpoint) throws {
        state = try checkpoint.load(into: &model, &optimizer.firstMoments, &optimizer.secondMoments)
        guard state.position <= training.count, state.step <= schedule.totalSteps,
            state.seed == options.seed
        else { throw checkpoint.invalid("it is further than the training can be") }
        if let library = state.mathLibrary, library != MathLibrary.allNames {
            throw TrainingError.otherOptions(
                path: checkpoint.path,
                differences: [
                    "products were those of \(library), here they are those of "
                        + "\(MathLibrary.allNames); `--isa` can make them the same"
                ])
        }
        optimizer.step = state.step
        try storage?.truncateLog(toBytes: state.logBytes)
    }

    /// Trains to the end, to an early stop, or until `progress` answers stop; then the best weights
    /// are the model's.
    /// - Throws: `TrainingError.notFinite` if loss or gradients are not, `.noAnswer` if the model
    ///   gives none to a validation question; what `progress` and reading features throw; as
    ///   `RunDirectory.save` and `loadModel(into:)` if there is storage.
    public mutating func run(
        progress: (TrainingProgress) throws -> TrainingAction
    ) throws -> TrainingOutcome {
        guard try settle(progress) else { return try interrupt(progress) }
        // After the last update the end of its epoch may still be due.
        while state.step < schedule.totalSteps || state.position > 0, !hasStoppedImproving {
            let order = sampler.order(epoch: state.epoch)
            while state.position < order.count, state.step < schedule.totalSteps {
                guard try update(order, progress: progress), try settle(progress), !isStopping
                else { return try interrupt(progress) }
                if hasStoppedImproving { break }
            }
            if hasStoppedImproving { break }
            if options.evalStrategy == .epoch, try !evaluate(progress: progress) {
                return try interrupt(progress)
            }
            state.epoch += 1
            state.position = 0
            if options.saveStrategy == .epoch || state.step >= schedule.totalSteps {
                try save(progress)
            }
            if isStopping { return try interrupt(progress) }
        }
        if hasStoppedImproving {
            _ = try progress(.stoppedEarly(evaluations: state.evaluationsSinceBest))
        }
        try storage?.flush()
        try restoreBest()
        return TrainingOutcome(best: state.best, isInterrupted: false)
    }
}

// MARK: - One update

extension Trainer {
    /// One update on the mean loss of the next questions, batch by batch.
    /// - Returns: False if it was dropped because `progress` asked to stop.
    private mutating func update(
        _ order: [Int], progress: (TrainingProgress) throws -> TrainingAction
    ) throws -> Bool {
        let clock = ContinuousClock()
        let (start, waited) = (clock.now, reader.secondsWaited)
        let end = min(state.position + options.questionsPerUpdate, order.count)
        let questions = order[state.position..<end]
        let weight = 1 / questions.reduce(0.0) { $0 + (classWeights?[training.labels[$1]] ?? 1) }
        let passesBefore = state.passes
        var loss = 0.0
        for batch in batches(of: questions) {
            if try progress(.pass) == .stop {
                model.store.clearGradients()
                state.passes = passesBefore
                return false
            }
            loss += try weight * pass(batch, next: batch.endIndex, order, weight: weight)
        }
        let isTrained = isTrained
        let norm = gradientNorm(model.store, isTrained: isTrained)
        try requireFinite(norm, "gradient", questions)
        let rate = schedule.rate(step: state.step)
        optimizer.update(
            &model.store, learningRate: rate,
            gradientScale: clippingScale(norm: norm, maximum: options.maxGradNorm),
            isTrained: isTrained)
        state.step += 1
        state.position = end
        state.window.add(
            loss: loss, gradNorm: norm, questions: questions.count,
            seconds: (clock.now - start) / .seconds(1),
            secondsWaited: reader.secondsWaited - waited)
        let action = try progress(
            .update(
                step: state.step, totalSteps: schedule.totalSteps, epoch: fraction, loss: loss,
                questions: questions.count))
        if state.step.isMultiple(of: options.loggingSteps) || state.step == schedule.totalSteps {
            let line = state.window.close(step: state.step, epoch: fraction, learningRate: rate)
            try storage?.append(line)
            _ = try progress(.log(line))
        }
        isStopping = action == .stop
        return true
    }

    /// Forward and backward of one batch.
    /// - Returns: The sum of its losses.
    private mutating func pass(
        _ batch: ArraySlice<Int>, next: Int, _ order: [Int], weight: Double
    ) throws -> Double {
        let tokens = try reader.tokens(of: batch, next: self.batch(from: next, order))
        let result = model.accumulateGradients(
            tokens, prompts: prompts.drawn(batch, epoch: state.epoch, seed: options.seed),
            labels: batch.map { training.labels[$0] }, weight: Float(weight),
            labelSmoothing: options.labelSmoothing, classWeights: classWeights,
            dropout: Dropout(
                probability: options.dropout, seed: options.seed, step: state.passes),
            freezesQFormer: options.freezeQFormer)
        state.passes += 1
        let loss = result.losses.reduce(0, +)
        try requireFinite(loss, "loss", batch)
        return loss
    }

    private func batches(of questions: ArraySlice<Int>) -> [ArraySlice<Int>] {
        stride(from: questions.startIndex, to: questions.endIndex, by: options.batchSize).map {
            questions[$0..<min($0 + options.batchSize, questions.endIndex)]
        }
    }

    /// The batch that begins at `start` of the epoch's order; `nil` at its end.
    private func batch(from start: Int, _ order: [Int]) -> ArraySlice<Int>? {
        guard start < order.count else { return nil }
        let update = start / options.questionsPerUpdate * options.questionsPerUpdate
        let end = min(
            start + options.batchSize, update + options.questionsPerUpdate, order.count)
        return order[start..<end]
    }

    /// Which parameters are trained.
    ///
    /// It must not hold the trainer, whose buffers would no longer be its own and be copied.
    private var isTrained: (Parameter) -> Bool {
        let trainsAll = !options.freezeQFormer
        return { $0.isTrained && (trainsAll || $0.isHead) }
    }

    private func requireFinite(
        _ value: Double, _ what: String, _ questions: ArraySlice<Int>
    ) throws(TrainingError) {
        guard value.isFinite else {
            throw .notFinite(
                what: what, step: state.step, keys: questions.map { training.keys[$0] },
                checkpoint: storage?.latestCheckpoint?.path)
        }
    }

    /// Epochs that are done.
    var fraction: Double { Double(state.step) / Double(updatesPerEpoch) }
}

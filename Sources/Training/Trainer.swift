public import Models

/// The training loop, which keeps the best model.
///
/// Batches, forward and backward, clipping, AdamW; an evaluation after each epoch. One update sees
/// up to `batchSize · gradientAccumulation` clips and its loss is their mean; the last update of an
/// epoch takes what is left. The result depends on options, weights and data alone, not on the
/// number of threads.
public struct Trainer<Training: FeatureDataset, Validation: FeatureDataset> {
    /// The model with the best weights so far once `run` has returned.
    public private(set) var model: VideoClassifier
    private let options: TrainOptions
    private let training: Training
    private let validation: Validation
    private let classes: [String]
    private let sampler: BatchSampler
    private let schedule: LearningRateSchedule
    private let updatesPerEpoch: Int
    private var optimizer: AdamW

    /// Prepares a training of `model` on `training`, chosen by its score on `validation`.
    /// - Throws: `TrainingError.invalidOption`.
    public init(
        model: VideoClassifier, options: TrainOptions, training: Training, validation: Validation,
        classes: [String]
    ) throws(TrainingError) {
        try options.validate()
        self.model = model
        self.options = options
        self.training = training
        self.validation = validation
        self.classes = classes
        sampler = BatchSampler(count: training.count, seed: options.seed)
        optimizer = AdamW(store: model.store, weightDecay: options.weightDecay)
        let clipsPerUpdate = options.batchSize * options.gradientAccumulation
        updatesPerEpoch = (training.count + clipsPerUpdate - 1) / clipsPerUpdate
        let total = options.maxSteps > 0 ? options.maxSteps : options.epochs * updatesPerEpoch
        let warmup =
            options.warmupSteps > 0
            ? options.warmupSteps : Int((options.warmupRatio * Double(total)).rounded(.up))
        schedule = LearningRateSchedule(
            kind: options.lrScheduler, peak: options.learningRate, warmupSteps: warmup,
            totalSteps: total)
    }

    /// Trains to the end, to an early stop, or until `progress` answers stop.
    /// - Returns: the evaluation of the best model; `nil` if none was made.
    /// - Throws: `TrainingError.notFinite`, and what reading features throws.
    public mutating func run(
        progress: (TrainingProgress) throws -> TrainingAction
    ) throws -> EvaluationLine? {
        var best: (line: EvaluationLine, values: [Float])?
        var evaluationsSinceBest = 0
        var window = LogWindow()
        var step = 0
        var epoch = 0
        training: while step < schedule.totalSteps {
            let order = sampler.order(epoch: epoch)
            let clipsPerUpdate = options.batchSize * options.gradientAccumulation
            for start in stride(from: 0, to: order.count, by: clipsPerUpdate)
            where step < schedule.totalSteps {
                let clips = order[start..<min(start + clipsPerUpdate, order.count)]
                let rate = schedule.rate(step: step)
                let (loss, norm) = try update(clips, learningRate: rate)
                step += 1
                window.add(loss: loss, gradNorm: norm, clips: clips.count)
                if step.isMultiple(of: options.loggingSteps) || step == schedule.totalSteps {
                    let line = window.close(step: step, epoch: fraction(step), learningRate: rate)
                    if try progress(.log(line)) == .stop { break training }
                }
                if try progress(.update(step: step, totalSteps: schedule.totalSteps)) == .stop {
                    break training
                }
            }
            epoch += 1
            let result = try evaluate(
                model, on: validation, classes: classes, batchSize: options.batchSize)
            let line = EvaluationLine(step: step, epoch: fraction(step), result: result)
            let isBest = best.map { isBetter(line, than: $0.line) } ?? true
            if isBest { best = (line, model.store.values) }
            evaluationsSinceBest = isBest ? 0 : evaluationsSinceBest + 1
            if try progress(.evaluation(line, isBest: isBest)) == .stop { break }
            if options.earlyStoppingPatience > 0,
                evaluationsSinceBest >= options.earlyStoppingPatience
            {
                _ = try progress(.stoppedEarly(evaluations: evaluationsSinceBest))
                break
            }
        }
        if let best { model.store.values = best.values }
        return best?.line
    }

    /// One update on the mean loss of `clips`, batch by batch.
    private mutating func update(
        _ clips: ArraySlice<Int>, learningRate: Double
    ) throws -> (loss: Double, gradNorm: Double) {
        model.store.clearGradients()
        var lossSum = 0.0
        for (pass, start) in stride(
            from: clips.startIndex, to: clips.endIndex, by: options.batchSize
        ).enumerated() {
            let batch = clips[start..<min(start + options.batchSize, clips.endIndex)]
            let features = try training.features(of: batch)
            let result = model.accumulateGradients(
                features: features.span, labels: batch.map { training.labels[$0] },
                weight: 1 / Float(clips.count), labelSmoothing: options.labelSmoothing,
                dropout: Dropout(
                    probability: options.dropout, seed: options.seed,
                    step: UInt64(optimizer.step * options.gradientAccumulation + pass)),
                freezesQFormer: options.freezeQFormer)
            lossSum += result.losses.reduce(0, +)
            try requireFinite(lossSum, "loss", batch)
        }
        let isTrained: (Parameter) -> Bool = { [options] in !options.freezeQFormer || $0.isHead }
        let norm = clipGradients(&model.store, maximum: options.maxGradNorm, isTrained: isTrained)
        try requireFinite(norm, "gradient", clips)
        optimizer.update(&model.store, learningRate: learningRate, isTrained: isTrained)
        return (lossSum / Double(clips.count), norm)
    }

    private func requireFinite(
        _ value: Double, _ what: String, _ clips: ArraySlice<Int>
    ) throws(TrainingError) {
        guard value.isFinite else {
            throw .notFinite(
                what: what, step: optimizer.step, keys: clips.map { training.keys[$0] })
        }
    }

    private func isBetter(_ line: EvaluationLine, than best: EvaluationLine) -> Bool {
        let metric = options.metricForBest
        let (new, old) = (line.value(of: metric), best.value(of: metric))
        return metric.isBetterWhenGreater ? new > old : new < old
    }

    private func fraction(_ step: Int) -> Double { Double(step) / Double(updatesPerEpoch) }
}

/// What happened since the last log line.
private struct LogWindow {
    private let clock = ContinuousClock()
    private var start = ContinuousClock.now
    private var losses: [Double] = []
    private var gradNorm = 0.0
    private var clips = 0

    mutating func add(loss: Double, gradNorm: Double, clips: Int) {
        losses.append(loss)
        self.gradNorm = gradNorm
        self.clips += clips
    }

    mutating func close(step: Int, epoch: Double, learningRate: Double) -> LogLine {
        let elapsed = (clock.now - start) / Duration.seconds(1)
        let line = LogLine(
            step: step, epoch: epoch, loss: losses.reduce(0, +) / Double(max(1, losses.count)),
            learningRate: learningRate, gradNorm: gradNorm,
            clipsPerSecond: Double(clips) / max(elapsed, 1e-9))
        self = LogWindow()
        return line
    }
}

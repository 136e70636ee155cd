import Models

// What comes between updates: evaluations, checkpoints and the best weights.

extension Trainer {
    var hasStoppedImproving: Bool {
        options.earlyStoppingPatience > 0
            && state.evaluationsSinceBest >= options.earlyStoppingPatience
    }

    /// Does whatever is due after the last update, unless it has already been done.
    /// - Returns: False if `progress` asked to stop before it was done.
    mutating func settle(
        _ progress: (TrainingProgress) throws -> TrainingAction
    ) throws -> Bool {
        guard state.settledStep != state.step else { return true }
        if options.evalStrategy == .steps, state.step.isMultiple(of: options.evalSteps) {
            guard try evaluate(progress: progress) else { return false }
        }
        state.settledStep = state.step
        if options.saveStrategy == .steps, state.step.isMultiple(of: options.saveSteps) {
            try save(progress)
        }
        return true
    }

    /// Evaluates the validation split and keeps the weights if they are the best.
    /// - Returns: False if `progress` asked to stop before it was done.
    mutating func evaluate(
        progress: (TrainingProgress) throws -> TrainingAction
    ) throws -> Bool {
        let evaluator = Evaluator(
            outputs: outputs, reading: reading, batchSize: options.batchSize,
            wordings: options.wordings)
        let result = try evaluator.evaluate(model, on: validation) {
            try progress(.pass) == .stop
        }
        guard let result else { return false }
        let metric = options.metricForBest.value(in: result)
        let line = EvaluationLine(
            step: state.step, epoch: fraction, result: result, metric: metric)
        let isBest = state.best.map { isBetter(metric, than: $0.evalMetricForBest) } ?? true
        if isBest {
            state.best = line
            if let storage {
                try storage.saveModel(model)
            } else {
                bestValues = model.store.values
            }
        }
        state.evaluationsSinceBest = isBest ? 0 : state.evaluationsSinceBest + 1
        try storage?.append(line)
        isStopping = try progress(.evaluation(line, isBest: isBest)) == .stop || isStopping
        return true
    }

    private func isBetter(_ value: Double, than best: Double) -> Bool {
        let isGreaterBetter = options.isGreaterBetter
        let gain = isGreaterBetter ? value - best : best - value
        return gain > options.earlyStoppingThreshold
    }

    mutating func save(
        _ progress: (TrainingProgress) throws -> TrainingAction
    ) throws {
        guard let storage else { return }
        state.logBytes = storage.logBytes
        let path = try storage.saveCheckpoint(
            state, model.store, optimizer.firstMoments, optimizer.secondMoments,
            limit: options.saveLimit)
        _ = try progress(.checkpoint(path: path))
    }

    mutating func interrupt(
        _ progress: (TrainingProgress) throws -> TrainingAction
    ) throws -> TrainingOutcome {
        try save(progress)
        return TrainingOutcome(best: state.best, isInterrupted: true)
    }

    /// The best weights become the model's; those of the last update where no evaluation was made.
    mutating func restoreBest() throws {
        if let storage {
            if state.best == nil { try storage.saveModel(model) }
            try storage.loadModel(into: &model)
        } else if let bestValues {
            model.store.values = bestValues
        }
    }
}

import ArgumentParser
import Files
import Models
import Pipelines
import Recipes
import Reports
import Shards
import Training

// One training from its plan to its report; `sweep` does several.

extension TrainCommand {
    /// Trains to the end, evaluates, and writes the run directory; says what happens on stderr.
    /// - Throws: `ExitCode` if it was stopped.
    func train(
        _ plan: TrainingPlan, _ reporter: TrainingReporter, _ stop: StopSignal
    ) throws -> FinishedTraining {
        let (options, bert, input, path) = (plan.options, plan.settings.bert, plan.input, plan.path)
        let given = try resumeFrom.map { try Checkpoint(named: $0, in: path) }
        reporter.note(plan.choice.reason)
        var classifier = try input.makeClassifier(
            plan.choice, bert: bert, seed: options.seed, note: reporter.note)
        let tokenizerFiles = try input.tokenizerFiles(plan.choice, bert: bert)
        if let initFrom {
            try RunDirectory(opening: initFrom).loadModel(into: &classifier)
        }
        let reading = try ClipReading(
            precision: options.precision, qformer: classifier.configuration,
            tokenizer: tokenizerFiles.first { !$0.hasSuffix("tokenizer_config.json") }
                .map { try WordPieceTokenizer(path: $0) },
            defaultPrompt: options.prompt)
        try makeDirectory(at: path)
        // Two trainings in one directory, as of a requeued job, would overwrite each other.
        let lock = try DirectoryLock(directory: path, isShared: false)
        defer { withExtendedLifetime(lock) {} }
        warnOfRandomWeights(plan.configuration.model)
        let directory = try openRun(path, plan.configuration)
        announce(plan, reading, numParameters: classifier.store.values.count, reporter)
        let checkpoint = given ?? newestCheckpoint(of: directory)
        if checkpoint == nil, initFrom == nil {
            try standardize(&classifier, plan, stop, reporter.note)
        }
        let storage = try RunStorage(
            run: directory, imageProcessor: input.imageProcessor, tokenizerFiles: tokenizerFiles,
            reporters: plan.settings.reporters)
        var trainer = try Trainer(
            model: consume classifier, options: options, training: input.training,
            validation: input.validation, outputs: input.outputs, reading: reading,
            storage: storage)
        if let checkpoint {
            reporter.note("Going on from \(checkpoint.path)")
            try trainer.resume(from: checkpoint)
        } else {
            try storage.truncateLog(toBytes: 0)
        }
        let outcome = try trainer.run(progress: reporter.report)
        if outcome.isInterrupted, let signal = stop.signal {
            reporter.note("Stopped and saved. The same command with --resume goes on from here.")
            throw ExitCode(128 + signal)
        }
        try storage.finish()
        let result = try conclude(
            directory, trainer.model, reading, plan, stop, note: reporter.note)
        return FinishedTraining(directory: directory, best: outcome.best, result: result)
    }

    /// Says what is trained on, and what is odd about the prompts.
    private func announce(
        _ plan: TrainingPlan, _ reading: ClipReading, numParameters: Int,
        _ reporter: TrainingReporter
    ) {
        let (training, validation) = (plan.input.training, plan.input.validation)
        let wordings = plan.options.wordings
        reporter.note(
            "\(counted(training.count, "question")) about "
                + "\(counted(training.numClips, "clip")) to train on, "
                + "\(validation.count) to validate, "
                + "\(numParameters / 1000) thousand parameters, \(plan.path)")
        for task in plan.input.outputs.tasks where task.classes.count == 1 {
            reporter.warn(
                "WARNING: All answers of the task `\(task.task)` are `\(task.classes[0])`, so there "
                    + "is nothing to learn.")
        }
        for note in wordings?.replacements(in: training, plan.input.outputs) ?? [] {
            reporter.note(note)
        }
        let prompts = training.prompts + validation.prompts + (wordings?.prompts ?? [])
        for remark in [reading.remarkOnVocabulary, reading.remark(onLong: prompts)] {
            if let remark { reporter.warn(remark) }
        }
    }

    /// Makes `classifier` scale the channels of frame tokens, if it is to.
    private func standardize(
        _ classifier: inout VideoClassifier, _ plan: TrainingPlan, _ stop: StopSignal,
        _ note: (String) -> Void
    ) throws {
        guard plan.choice.configuration.standardization != nil else { return }
        let statistics = try plan.known.statistics ?? channels(of: plan.input, stop, note)
        guard let statistics else { throw ExitCode(128 + (stop.signal ?? 0)) }
        classifier.standardize(statistics.mean, statistics.deviation)
    }

    /// Evaluates the best `model` of the run in `directory` and writes what remains to be written.
    /// - Returns: The evaluation of the validation split, if there is one.
    private func conclude(
        _ directory: RunDirectory, _ model: VideoClassifier, _ reading: ClipReading,
        _ plan: TrainingPlan, _ stop: StopSignal, note: (String) -> Void
    ) throws -> EvaluationResult? {
        let baselines = try noBaselines ? nil : baselines(of: directory, plan, stop, note)
        let evaluator = Evaluator(
            outputs: plan.input.outputs, reading: reading, batchSize: plan.options.batchSize,
            wordings: plan.options.wordings)
        let result = try evaluate(model, evaluator, plan, baselines, stop)
        if let result {
            try directory.record(
                result, split: .validation, dataset: EvaluatedDataset(plan.input.dataset))
        }
        try Reports.RunReport(run: directory, model: model).write()
        return result
    }

    /// What `model` answers to the validation split, with probes and beside baselines; `nil` if
    /// there is no such split.
    private func evaluate(
        _ model: VideoClassifier, _ evaluator: Evaluator, _ plan: TrainingPlan,
        _ baselines: Baselines?, _ stop: StopSignal
    ) throws -> EvaluationResult? {
        let questions = plan.input.validation
        guard questions.count > 0 else { return nil }
        guard var result = try evaluator.evaluate(model, on: questions),
            try evaluator.probe(
                model, on: questions, numFrames: plan.configuration.clipRecipe.numFrames,
                seed: plan.options.seed, changes: !plan.settings.skipsProbes, result: &result,
                shouldStop: { stop.isRequested })
        else { throw ExitCode(128 + (stop.signal ?? 0)) }
        let answers = try plan.known.answers ?? baselines?.answers(to: questions)
        if let answers { result.compare(with: answers) }
        return result
    }

    /// Mean and deviation of the channels of the training split; `nil` if it was stopped.
    func channels(
        of input: TrainingInput, _ stop: StopSignal, _ note: (String) -> Void
    ) throws -> ChannelStatistics? {
        note("Measuring the channels of \(counted(input.training.numClips, "clip"))")
        return try ChannelStatistics(of: input.training) { _ in stop.isRequested }
    }

    /// The run's baselines, which are fitted if it has none yet.
    private func baselines(
        of directory: RunDirectory, _ plan: TrainingPlan, _ stop: StopSignal,
        _ note: (String) -> Void
    ) throws -> Baselines {
        if let known = try directory.baselines() { return known }
        let baselines = try plan.known.baselines ?? fitBaselines(plan.input, stop, note)
        try directory.save(baselines)
        return baselines
    }

    /// Fits simpler models to the training split.
    func fitBaselines(
        _ input: TrainingInput, _ stop: StopSignal, _ note: (String) -> Void
    ) throws -> Baselines {
        note("Fitting baselines on the same features (--no-baselines leaves them out)")
        guard
            let baselines = try Baselines(
                input.training, outputs: input.outputs, isStopped: { stop.isRequested })
        else { throw ExitCode(128 + (stop.signal ?? 0)) }
        for remark in baselines.remarks { note(remark) }
        return baselines
    }

    /// A new run, or the one that is to be resumed.
    private func openRun(
        _ path: String, _ configuration: RunConfiguration
    ) throws -> RunDirectory {
        if resume || resumeFrom != nil, fileExists("\(path)/config.json") {
            let directory = try RunDirectory(opening: path)
            try directory.requireSame(configuration)
            return directory
        }
        return try RunDirectory(
            creating: path, configuration: configuration, overwrite: overwrite)
    }

    private func newestCheckpoint(of directory: RunDirectory) -> Checkpoint? {
        resume ? directory.checkpoints.last : nil
    }
}

import Foundation
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

/// Clips in memory.
struct MemoryDataset: FeatureDataset {
    let tokensPerClip: Int
    let hiddenSize: Int
    let labels: [Int]
    var values: [Float]
    var keys: [String] { labels.indices.map { "clip\($0)" } }

    /// Clips whose tokens scatter around a direction that belongs to their class.
    init(numClips: Int, numClasses: Int, hiddenSize: Int, seed: UInt64) {
        tokensPerClip = 5
        self.hiddenSize = hiddenSize
        labels = (0..<numClips).map { $0 % numClasses }
        let noise = CounterRandom(seed: seed, stream: 1)
        let centers = CounterRandom(seed: 9, stream: 2)
        values = []
        for clip in 0..<numClips {
            for position in 0..<5 * hiddenSize {
                let center = centers.normal(
                    UInt64(labels[clip] * hiddenSize + position % hiddenSize))
                values.append(
                    center + 0.5 * noise.normal(UInt64(clip * 5 * hiddenSize + position)))
            }
        }
    }

    func readFeatures(of index: Int, into target: inout MutableSpan<Float>) {
        for position in 0..<target.count {
            target[position] = values[index * target.count + position]
        }
    }
}

@Suite(.serialized)
struct TrainerTests {
    private func makeTrainer(
        options: TrainOptions, training: MemoryDataset? = nil
    ) throws -> Trainer<MemoryDataset, MemoryDataset> {
        try Trainer(
            model: VideoClassifier(configuration: smallQFormer, numClasses: 3, seed: 1),
            options: options,
            training: training
                ?? MemoryDataset(numClips: 30, numClasses: 3, hiddenSize: 24, seed: 1),
            validation: MemoryDataset(numClips: 12, numClasses: 3, hiddenSize: 24, seed: 2),
            outputs: oneTask(), reading: ClipReading(qformer: smallQFormer))
    }

    private var quickOptions: TrainOptions {
        var options = TrainOptions()
        options.epochs = 8
        options.gradientAccumulation = 1
        options.learningRate = 1e-3
        options.loggingSteps = 1
        return options
    }

    /// Eight updates on one batch: AdamW, warm-up and decay, clipping, against PyTorch.
    @Test(arguments: GoldenModel.all)
    func followsPyTorchsTrajectory(_ golden: GoldenModel) throws {
        let reference = try golden.reference()
        var classifier = try golden.classifier()
        let labels = try reference.integers("labels")
        let (tokens, prompts) = (try golden.tokens(), try golden.prompts())
        let losses = try reference.all("trajectory.loss")
        let norms = try reference.all("trajectory.grad_norm")
        let rates = try reference.all("trajectory.lr")
        let schedule = LearningRateSchedule(
            kind: .linear, peak: 1e-3, warmupSteps: 2, totalSteps: losses.count)
        var optimizer = AdamW(store: classifier.store, weightDecay: 0.01)
        for step in losses.indices {
            let rate = schedule.rate(step: step)
            #expect(abs(rate - Double(rates[step])) < 1e-9)
            let result = classifier.accumulateGradients(
                tokens, prompts: prompts, labels: labels, weight: 1 / Float(labels.count))
            let loss = result.losses.reduce(0, +) / Double(labels.count)
            #expect(abs(loss - Double(losses[step])) < 1e-5, "step \(step)")
            let norm = gradientNorm(classifier.store)
            #expect(abs(norm - Double(norms[step])) < 1e-4 * Double(norms[step]), "step \(step)")
            optimizer.update(
                &classifier.store, learningRate: rate,
                gradientScale: clippingScale(norm: norm, maximum: 1))
        }
        for parameter in classifier.store.parameters
        where !parameter.name.contains("attention.key.bias") {
            let difference = RelativeDifference(
                Array(classifier.store.values[parameter.range]),
                try reference.all("trained." + parameter.name))
            #expect(difference.maximum < 1e-4, "\(parameter.name): \(difference)")
        }
    }

    @Test(arguments: LayoutCase.all)
    func followsPyTorchsTrajectoryInEveryLayout(_ test: LayoutCase) throws {
        let reference = try test.reference()
        var classifier = try test.classifier()
        let (labels, tokens, prompts) = (
            try test.labels(), try test.tokens(), try test.prompts()
        )
        let losses = try reference.all("trajectory.loss")
        let norms = try reference.all("trajectory.grad_norm")
        let schedule = LearningRateSchedule(
            kind: .linear, peak: 1e-3, warmupSteps: 2, totalSteps: losses.count)
        var optimizer = AdamW(store: classifier.store, weightDecay: 0.01)
        for step in losses.indices {
            let result = classifier.accumulateGradients(
                tokens, prompts: prompts, labels: labels, weight: 1 / Float(labels.count))
            let loss = result.losses.reduce(0, +) / Double(labels.count)
            #expect(abs(loss - Double(losses[step])) < 1e-5, "step \(step)")
            let norm = gradientNorm(classifier.store)
            #expect(abs(norm - Double(norms[step])) < 1e-4 * Double(norms[step]), "step \(step)")
            optimizer.update(
                &classifier.store, learningRate: schedule.rate(step: step),
                gradientScale: clippingScale(norm: norm, maximum: 1), isTrained: \.isTrained)
        }
        for parameter in classifier.store.parameters
        where !parameter.name.contains("attention.key.bias") && parameter.isTrained {
            let difference = RelativeDifference(
                Array(classifier.store.values[parameter.range]),
                try reference.all("trained." + parameter.name))
            #expect(difference.maximum < 1e-4, "\(parameter.name): \(difference)")
        }
    }

    @Test func learnsToTellClassesApart() throws {
        var options = quickOptions
        options.epochs = 40
        options.earlyStoppingPatience = 0
        var trainer = try makeTrainer(options: options)
        let best = try #require(try trainer.run { _ in .proceed }.best)
        #expect(best.evalAccuracy > 0.9)
    }

    @Test func sameSeedGivesTheSameWeightsForAnyNumberOfThreads() throws {
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        let weights = try [1, 2, 3].map { threads in
            MathThreads.set(threads)
            var trainer = try makeTrainer(options: quickOptions)
            _ = try trainer.run { _ in .proceed }
            return trainer.model.store.values
        }
        #expect(weights[0] == weights[1] && weights[1] == weights[2])
    }

    @Test func accumulationChangesNothingButTheMemory() throws {
        var whole = quickOptions
        whole.dropout = 0
        whole.epochs = 1
        var parts = whole
        parts.batchSize = 3
        parts.gradientAccumulation = 3
        whole.batchSize = 9
        let weights = try [whole, parts].map { options in
            var trainer = try makeTrainer(options: options)
            _ = try trainer.run { _ in .proceed }
            return trainer.model.store.values
        }
        let difference = RelativeDifference(weights[0], weights[1])
        #expect(difference.maximum < 1e-4, "\(difference)")
    }

    @Test func stopsEarlyWithoutImprovement() throws {
        var options = quickOptions
        options.epochs = 50
        options.learningRate = 1e-9
        options.earlyStoppingPatience = 2
        var trainer = try makeTrainer(options: options)
        var evaluations = 0
        _ = try trainer.run { progress in
            if case .evaluation = progress { evaluations += 1 }
            return .proceed
        }
        #expect(evaluations < 10)
    }

    @Test func stopsWhenAsked() throws {
        var trainer = try makeTrainer(options: quickOptions)
        var updates = 0
        let outcome = try trainer.run { progress in
            guard case .update = progress else { return .proceed }
            updates += 1
            return updates == 3 ? .stop : .proceed
        }
        #expect(updates == 3 && outcome.isInterrupted)
    }

    @Test func namesTheClipsOfALossThatIsNotFinite() throws {
        var broken = MemoryDataset(numClips: 4, numClasses: 3, hiddenSize: 24, seed: 1)
        broken.values[3] = .nan
        var trainer = try makeTrainer(options: quickOptions, training: broken)
        let error = #expect(throws: TrainingError.self) { try trainer.run { _ in .proceed } }
        #expect(error?.description.contains("clip0") == true)
    }

    @Test func frozenQFormerKeepsItsWeights() throws {
        var options = quickOptions
        options.freezeQFormer = true
        options.epochs = 1
        var trainer = try makeTrainer(options: options)
        let before = trainer.model.store
        _ = try trainer.run { _ in .proceed }
        for parameter in before.parameters {
            let same = before.values[parameter.range] == trainer.model.store.values[parameter.range]
            #expect(same == !parameter.isHead, "\(parameter.name)")
        }
    }

    @Test func refusesOptionsOutOfRange() {
        var options = TrainOptions()
        options.dropout = 1
        #expect(throws: TrainingError.self) { try options.validate() }
    }
}

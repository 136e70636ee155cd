import Recipes

/// Simpler models on the same features, by which a run is judged.
///
/// They depend on the dataset and its training split alone, not on the options of a run.
public struct Baselines: Sendable {
    /// Index of the most frequent class of each task in the training split; `nil` where it has no
    /// questions.
    let majority: [Int?]
    /// The linear probe of each task, if it has one.
    let linear: [LinearProbe?]
    let attentive: AttentiveProbe?
    /// What was left out and why, a sentence each.
    public let remarks: [String]
    let outputs: ModelOutputs

    /// Clips that the linear probes see at most: their mean tokens are kept in memory.
    private static let maximumClips = 20_000
    private static let seed: UInt64 = 1

    init(
        majority: [Int?], linear: [LinearProbe?], attentive: AttentiveProbe?, remarks: [String],
        outputs: ModelOutputs
    ) {
        self.majority = majority
        self.linear = linear
        self.attentive = attentive
        self.remarks = remarks
        self.outputs = outputs
    }

    /// Fits all of them to `training`; `nil` if it was stopped.
    /// - Parameters:
    ///   - training: The training split, with at least one question.
    ///   - outputs: The answers of all tasks.
    ///   - isStopped: Asked now and then.
    /// - Throws: What reading features throws.
    public init?(
        _ training: some FeatureDataset, outputs: ModelOutputs,
        isStopped: () -> Bool = { false }
    ) throws {
        self.outputs = outputs
        majority = Self.majority(training.labels, outputs)
        var remarks: [String] = []
        guard
            let linear = try Self.linear(
                training.subset(ofClips: Self.maximumClips, seed: Self.seed), outputs, isStopped,
                &remarks)
        else { return nil }
        self.linear = linear
        do {
            guard
                let attentive = try AttentiveProbe(
                    training, outputs: outputs, isStopped: isStopped)
            else { return nil }
            self.attentive = attentive
        } catch TrainingError.notFinite {
            attentive = nil
            remarks.append("There is no attentive probe to compare with: its training diverged.")
        }
        self.remarks = remarks
    }

    /// The most frequent class of each task, the first one of those equally frequent.
    static func majority(_ labels: [Int], _ outputs: ModelOutputs) -> [Int?] {
        var counts = [Int](repeating: 0, count: outputs.count)
        for label in labels { counts[label] += 1 }
        return outputs.tasks.indices.map { task in
            let counts = counts[outputs.range(of: task)]
            guard let most = counts.max(), most > 0 else { return nil }
            return counts.firstIndex(of: most).map { $0 - counts.startIndex }
        }
    }

    private static func linear(
        _ training: some FeatureDataset, _ outputs: ModelOutputs, _ isStopped: () -> Bool,
        _ remarks: inout [String]
    ) throws -> [LinearProbe?]? {
        let width = training.hiddenSize
        let limits = outputs.tasks.map {
            LinearProbe.maximumQuestions(numClasses: $0.classes.count, width: width)
        }
        for (task, limit) in zip(outputs.tasks, limits) where limit == 0 {
            remarks.append(
                "There is no linear probe to compare with for `\(task.task)`: with "
                    + "\(task.classes.count) classes it would take too long.")
        }
        guard limits.contains(where: { $0 > 0 }) else { return limits.map { _ in nil } }
        guard let means = try training.meanTokens(isStopped: isStopped) else { return nil }
        var probes: [LinearProbe?] = []
        for task in outputs.tasks.indices {
            let range = outputs.range(of: task)
            let own = training.labels.indices.filter { range.contains(training.labels[$0]) }
            let chosen = BatchSampler(clipIndices: own, seed: seed).order(epoch: 0)
                .prefix(limits[task]).map { own[$0] }.sorted()
            guard !chosen.isEmpty else {
                probes.append(nil)
                continue
            }
            let probe = LinearProbe(
                chosen.flatMap { means[$0 * width..<($0 + 1) * width] },
                labels: chosen.map { training.labels[$0] - range.lowerBound }, isStopped: isStopped)
            guard let probe else { return nil }
            probes.append(probe)
        }
        return probes
    }

    /// What they answer to the questions of `dataset`.
    /// - Parameters:
    ///   - dataset: A split with at least one question of the same tasks.
    ///   - isStopped: Asked now and then.
    /// - Returns: `nil` if it was stopped.
    /// - Throws: `TrainingError.noAnswer` if the attentive probe gives none, and what reading
    ///   features throws.
    public func answers(
        to dataset: some FeatureDataset, isStopped: () -> Bool = { false }
    ) throws -> BaselineAnswers? {
        let tasks = dataset.labels.map { outputs.task(of: $0) }
        var answers = BaselineAnswers()
        answers.add(
            .majority, tasks.map { majority[$0] }, names: majority.map { _ in Self.majorityName })
        if linear.contains(where: { $0 != nil }) {
            guard let means = try dataset.meanTokens(isStopped: isStopped) else { return nil }
            let width = dataset.hiddenSize
            var predictions = [Int?](repeating: nil, count: tasks.count)
            for (task, probe) in linear.enumerated() {
                let own = tasks.indices.filter { tasks[$0] == task }
                guard let probe, !own.isEmpty else { continue }
                let rows = own.flatMap { means[$0 * width..<($0 + 1) * width] }
                for (question, prediction) in zip(own, probe.predictions(rows)) {
                    predictions[question] = prediction
                }
            }
            answers.add(.linear, predictions, names: linear.map { $0?.name ?? "" })
        }
        if let attentive {
            let predictions = try attentive.predictions(
                on: dataset, outputs: outputs, isStopped: isStopped)
            guard let predictions else { return nil }
            answers.add(.attentive, predictions, names: majority.map { _ in attentive.name })
        }
        return answers
    }

    private static let majorityName = "most frequent answer of the training split"
}

extension LinearProbe {
    /// What it is, for people.
    fileprivate var name: String {
        "linear probe on the mean token, blind to order (C = 1, \(questions) questions)"
    }
}

extension AttentiveProbe {
    /// What it is, for people.
    fileprivate var name: String {
        "attentive probe, short training (\(training.clips) clips, \(training.epochs) epochs)"
    }
}

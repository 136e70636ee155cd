import Recipes
import Training

extension RunPage.Task {
    /// Rows of a table at most.
    private static let maxShares = 200

    init(
        number: Int, task: AnswerSet, split: Split, metrics: SplitMetrics,
        questions: [PredictedQuestion], group: (PredictedQuestion) -> String
    ) {
        self.number = number
        name = shortened(task.task)
        self.split = split.rawValue
        classes = task.classes.map { shortened($0) }
        accuracy = metrics.accuracy
        interval = metrics.statistics.accuracyInterval
        chance = 1 / Double(max(1, task.classes.count))
        var supports = [Int](repeating: 0, count: task.classes.count)
        for question in questions { supports[question.label] += 1 }
        let majority = Double(supports.max() ?? 0) / Double(max(1, questions.count))
        baselines =
            metrics.baselines?.map { RunPage.Baseline(name: $0.name, accuracy: $0.accuracy) }
            ?? (majority > 1.05 * chance
                ? [RunPage.Baseline(name: "most frequent answer of this split", accuracy: majority)]
                : [])
        f1Weighted = metrics.f1Weighted
        f1Interval = metrics.statistics.f1WeightedInterval
        f1Macro = metrics.f1Macro
        calibrationError = metrics.statistics.expectedCalibrationError
        self.questions = metrics.questions
        clips = metrics.clips
        groups = metrics.statistics.groups
        var cells: [[Int]: Int] = [:]
        for question in questions { cells[[question.label, question.prediction], default: 0] += 1 }
        confusion = cells.map { $0.key + [$0.value] }.sorted { $0.lexicographicallyPrecedes($1) }
        reliability = Self.bins(of: questions)
        // The rows of a task with wordings are not asked with their own prompts.
        let asked = metrics.evalPrompts == nil ? questions.filter { !$0.prompt.isEmpty } : []
        byPrompt = Self.shares(of: asked, by: \.prompt)
        byGroup = Self.shares(of: questions, by: group)
        probes = metrics.probeSentences
        wordings = (metrics.probes?.wordings ?? []).flatMap { list in
            list.prompts.map { prompt in
                let figures = prompt.figures
                let hits = Int((figures.accuracy * Double(figures.questions)).rounded())
                return RunPage.Wording(
                    list: shortened(list.name), prompt: shortened(prompt.prompt),
                    questions: figures.questions, accuracy: figures.accuracy,
                    interval: wilsonInterval(hits: hits, total: figures.questions),
                    amongAll: figures.accuracyAmongAll)
            }
        }
    }

    /// Mean confidence and accuracy in fifteen bins of equal width that are not empty.
    private static func bins(of questions: [PredictedQuestion]) -> [RunPage.Bin] {
        let count = 15
        let bins = Dictionary(grouping: questions) {
            min(count - 1, max(0, Int(($0.confidence * Double(count)).rounded(.up)) - 1))
        }
        return bins.sorted { $0.key < $1.key }.map { _, members in
            let total = Double(members.count)
            return RunPage.Bin(
                confidence: members.reduce(0) { $0 + $1.confidence } / total,
                accuracy: Double(members.count(where: \.isRight)) / total)
        }
    }

    /// Accuracy on the questions of each name, the worst first.
    private static func shares(
        of questions: [PredictedQuestion], by name: (PredictedQuestion) -> String
    ) -> [RunPage.Share] {
        Dictionary(grouping: questions, by: name).map { name, members in
            let hits = members.count(where: \.isRight)
            return RunPage.Share(
                name: shortened(name), questions: members.count,
                accuracy: Double(hits) / Double(members.count),
                interval: wilsonInterval(hits: hits, total: members.count))
        }
        .sorted { ($0.accuracy, $1.questions, $0.name) < ($1.accuracy, $0.questions, $1.name) }
        .prefix(maxShares).map { $0 }
    }
}

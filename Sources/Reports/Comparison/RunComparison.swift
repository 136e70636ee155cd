import Files
import Foundation
public import Recipes
import Shards
public import Training

/// Several runs side by side: their settings, their results and where their answers differ.
public struct RunComparison: Encodable {
    /// Names of the runs, as given; all others are compared with the first.
    public let runs: [String]
    /// The split whose answers are compared.
    public let split: Split
    /// Settings that are not the same in all runs.
    public let differences: [Setting]
    /// The figures of each task.
    public let tasks: [TaskComparison]
    /// Curves over the steps, one for each run.
    let curves: [RunPage.Curve]
    /// Questions whose answers are not right or wrong in all runs alike.
    let disagreements: [ComparedQuestion]
    /// Questions to which all runs are sure of one answer that is not the label, the surest first.
    let contradictions: [ComparedQuestion]
    let clips: [RunPage.Clip]

    /// A setting with its value in each run.
    public struct Setting: Encodable, Equatable, Sendable {
        /// Its name in `config.json`, nested ones with points.
        public let name: String
        /// What it is in each run.
        public let values: [String]
    }

    /// One task in each run.
    public struct TaskComparison: Encodable, Sendable {
        /// Name of the task.
        public let task: String
        /// Accuracy in each run; `nil` where the task was not evaluated.
        public let accuracy: [Double?]
        /// Weighted F1 in each run.
        public let f1Weighted: [Double?]
        /// Each run but the first against the first, on the questions that both answered.
        public let paired: [PairedComparison?]
    }

    /// A question and what each run answers.
    struct ComparedQuestion: Encodable {
        let clip: Int
        let task: String
        let prompt: String
        let label: String
        let answers: [String]
        let right: [Bool]
    }

    private static let maxDisagreements = 60
    private static let maxContradictions = 24

    /// Compares `runs`, of which there are at least two.
    /// - Throws: `ReportError.nothingToCompare` if no split was evaluated in all of them,
    ///   `.foreignPredictions`; and as `RunDirectory.metrics`, `predictions` and `logLines`.
    public init(_ runs: [RunDirectory]) throws {
        let metrics = try runs.map { try $0.metrics() }
        let order: [Split] = [.test, .validation, .train]
        guard
            let split = order.first(where: { split in
                metrics.allSatisfy { $0[split.rawValue] != nil }
            })
        else { throw ReportError.nothingToCompare }
        self.split = split
        self.runs = runs.map(\.path)
        differences = try Self.settings(of: runs)
        let answers = try runs.map { try Answers(of: $0, split: split) }
        var tasks: [String] = []
        for name in runs.flatMap({ $0.configuration.tasks.map(\.task) }) where !tasks.contains(name)
        {
            tasks.append(name)
        }
        self.tasks = tasks.map { task in
            TaskComparison(
                task: task, accuracy: metrics.map { $0[split.rawValue]?[task]?.accuracy },
                f1Weighted: metrics.map { $0[split.rawValue]?[task]?.f1Weighted },
                paired: answers.dropFirst().map { $0.paired(with: answers[0], task: task) })
        }
        curves = try Self.overlaid(runs)
        let common = CommonAnswer.all(in: answers)
        let shown = [
            Array(common.filter(\.isDisagreement).prefix(Self.maxDisagreements)),
            Array(
                common.filter(\.isContradiction).sorted { $0.confidence > $1.confidence }
                    .prefix(Self.maxContradictions)),
        ]
        var clips: [RunPage.Clip] = []
        let features = try? Dataset(directory: runs[0].configuration.datasetPath)
        let strips = features.flatMap { Filmstrips(ofFeatures: $0) }
        let questions = shown.map { $0.map { Self.question($0, strips, &clips) } }
        (disagreements, contradictions) = (questions[0], questions[1])
        self.clips = clips
    }

    /// Writes the comparison as a page of one file.
    /// - Throws: `FileError.cannotCreate` or `.system`; `EncodingError` if a number is not finite.
    public func write(to path: String) throws {
        try publishFile(try PageTemplate.comparison.page(showing: self), at: path)
    }

    private static func settings(of runs: [RunDirectory]) throws -> [Setting] {
        let fields = try runs.map { try $0.configuration.fields() }
        let names = Set(fields.flatMap(\.keys)).sorted()
        return names.compactMap { name in
            let values = fields.map { $0[name] ?? "not set" }
            return Set(values).count == 1 ? nil : Setting(name: name, values: values)
        }
    }

    /// The curves of all runs, each kind in one chart.
    private static func overlaid(_ runs: [RunDirectory]) throws -> [RunPage.Curve] {
        let curves = try runs.map { try $0.curves() }
        return curves[0].indices.flatMap { chart in
            curves[0][chart].series.indices.map { line in
                let (title, name) = (curves[0][chart].title, curves[0][chart].series[line].name)
                return RunPage.Curve(
                    title: title.lowercased() == name ? title : "\(title), \(name)",
                    series: zip(runs, curves).map { run, curves in
                        RunPage.Series(
                            name: lastComponent(of: run.path),
                            points: curves[chart].series[line].points)
                    })
            }
        }
    }

    private static func question(
        _ common: CommonAnswer, _ strips: Filmstrips?, _ clips: inout [RunPage.Clip]
    ) -> ComparedQuestion {
        let (question, first) = (common.question, common.answers[0])
        let strip = strips?.strip(of: first.key)
        clips.append(
            RunPage.Clip(
                key: "\(first.key)", video: shortened(first.video),
                window: strip?.clip.windowDescription ?? "", strip: strip?.dataURL,
                frames: strip?.frames ?? 0))
        return ComparedQuestion(
            clip: clips.count - 1, task: shortened(question.task),
            prompt: shortened(question.prompt), label: shortened(first.label),
            answers: common.answers.map { shortened($0.prediction) },
            right: common.answers.map(\.isRight))
    }
}

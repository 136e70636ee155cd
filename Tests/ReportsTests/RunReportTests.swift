import Recipes
import Testing

@testable import Reports
@testable import Training

struct RunReportTests {
    /// The prompts on the cards of a run, and what the model would be asked for its attention.
    private func prompts(
        _ wordings: PromptWordings? = nil, rowPrompt: String = "", readsText: Bool = true
    ) throws -> [RunPage.Prompt?] {
        let stored = try StoredRun(videos: (0..<4).map { "\($0).mp4" }, prompt: rowPrompt)
        defer { stored.remove() }
        var options = TrainOptions()
        options.wordings = wordings
        let run = try stored.run(
            options: options, readsText: readsText, evaluated: wordings?.evaluated
        ) { clip, _ in (clip % 2, 0.9) }
        let page = try RunReport(run: run).makePage()
        return page.questions.filter { page.tasks[$0.task].name == "shape" }
            .map { $0.prompt.map { page.prompts[$0] } }
    }

    private static let shape = PromptWordings.Task(
        task: "shape", training: ["is it round?", "which shape?", "describe it"])
    private static let color = PromptWordings.Task(task: "color", training: ["which color?"])

    @Test func aCardShowsTheWordingThatWasAskedAndNotTheRows() throws {
        let wordings = PromptWordings([Self.shape, Self.color])
        let shown = try prompts(wordings, rowPrompt: "of the row")
        #expect(Set(shown) == [.init(text: "is it round?", others: 0)])
    }

    @Test func aCardSaysHowManyWordingsWereAveraged() throws {
        let wordings = PromptWordings([Self.shape, Self.color], evaluated: .all)
        #expect(Set(try prompts(wordings)) == [.init(text: "is it round?", others: 2)])
    }

    @Test func withoutWordingsACardShowsTheRowsPromptOrTheRunsDefault() throws {
        #expect(Set(try prompts(rowPrompt: "of the row")) == [.init(text: "of the row", others: 0)])
        #expect(Set(try prompts()) == [.init(text: TrainOptions().prompt, others: 0)])
        #expect(Set(try prompts(readsText: false)) == [nil])
    }

    /// The verdict on 60 clips of which a model knows the shape.
    private func verdict(_ prediction: (_ clip: Int) -> Int) throws -> [String] {
        let stored = try StoredRun(videos: (0..<60).map { "\($0).mp4" })
        defer { stored.remove() }
        let run = try stored.run(questionsPerClip: 1) { clip, _ in (prediction(clip), 0.9) }
        return try RunReport(run: run).makePage().verdict
    }

    @Test func theVerdictSaysHowManyAnswersAreRightAndWhichErrorsThereAre() throws {
        let one = try verdict { $0 % 20 == 0 ? 1 : $0 % 2 }
        #expect(one.count == 2)
        #expect(one[0].hasPrefix("shape: right for 57 of 60 questions of the test split, 95.0"))
        #expect(one[0].hasSuffix("; guessing gives 50.0\u{A0}%."))
        #expect(one[1] == "All errors in shape are one: “round” is taken for “square” (3 times).")
        let two = try verdict { $0 % 20 == 0 ? 1 : $0 == 1 ? 0 : $0 % 2 }
        #expect(
            two[1] == "The most frequent error in shape: “round” is taken for “square”, "
                + "3 of 4 errors.")
        #expect(try verdict { $0 % 2 }.count == 1)
    }

    @Test func theVerdictDoubtsWhatGuessingCouldReach() throws {
        let guessed = try verdict { _ in 0 }
        #expect(guessed[0].hasSuffix("that is not distinguishable from guessing."))
    }

    @Test func theVerdictNamesTheTaskThatALinearProbeDoesAsWell() throws {
        let stored = try StoredRun(videos: (0..<8).map { "\($0).mp4" })
        defer { stored.remove() }
        let run = try stored.run(change: { result in
            var answers = BaselineAnswers()
            answers.add(
                .linear, result.questions.map { $0.task == 1 ? $0.label : 1 - $0.label },
                names: ["a probe", "a probe"])
            result.compare(with: answers)
        }) { clip, task in (clip % (task + 2), 0.9) }
        let verdict = try RunReport(run: run).makePage().verdict
        #expect(
            verdict.filter { $0.contains("linear probe") }.map { $0.prefix(33) }
                == ["color: The Q-Former does not beat"])
    }

    @Test func usageIsSaidOfEachTaskUnlessNothingIsUsed() throws {
        let stored = try StoredRun(videos: ["0.mp4", "1.mp4"])
        defer { stored.remove() }
        let report = RunReport(run: try stored.run { _, _ in (0, 0.9) })
        func probes(_ change: TaskProbes.Change, _ unchanged: Double) -> TaskProbes {
            let figures = TaskProbes.Figures(
                questions: 10, accuracy: 0.5, unchanged: 1,
                amongAllTasks: .init(accuracy: 0.5, unchanged: unchanged, ofTask: 0.5))
            return TaskProbes(
                asTheyAre: figures, probes: [.init(change: change, figures: figures, prompts: [])],
                wordings: [])
        }
        func usage(_ change: TaskProbes.Change, _ shape: Double, _ color: Double) -> [String] {
            report.usage([("shape", probes(change, shape)), ("color", probes(change, color))])
        }
        #expect(
            usage(.reversed, 0.1, 0.1) == [
                "Reversing time changes nothing: this model does not use order."
            ])
        #expect(
            usage(.otherPrompt, 1, 0.25) == [
                "With the prompt of another task, 100.0\u{A0}% of the answers stay in shape "
                    + "(the prompt hardly matters), 25.0\u{A0}% of the answers stay in color "
                    + "(the prompt is used)."
            ])
        #expect(usage(.noPrompt, 1, 1)[0].hasPrefix("Leaving the prompt out changes nothing"))
        #expect(usage(.shuffled, 1, 1).isEmpty)
    }

    @Test(arguments: [(BestMetric.f1, 20.0), (.loss, 10)])
    func curvesMarkTheBestEvaluation(_ metric: BestMetric, _ best: Double) throws {
        let stored = try StoredRun(videos: ["0.mp4", "1.mp4"])
        defer { stored.remove() }
        var options = TrainOptions()
        options.metricForBest = metric
        var result: EvaluationResult?
        let run = try stored.run(options: options, change: { result = $0 }) { _, _ in (0, 0.9) }
        let evaluated = try #require(result)
        for (step, loss) in [(10, 0.5), (20, 0.25)] {
            try run.appendLog(
                LogLine(
                    step: step, epoch: 1, loss: loss, learningRate: 1e-4, gradNorm: 2,
                    clipsPerSecond: 1, dataWait: 0))
            try run.appendLog(
                EvaluationLine(step: step, epoch: 1, result: evaluated, metric: Double(step)))
        }
        let curves = try run.curves()
        #expect(curves[0].title == "Loss" && curves[0].best == best && curves[1].best == best)
        #expect(curves[0].series.map(\.name) == ["training", "validation"])
        #expect(curves[0].series[0].points == [[10, 0.5], [20, 0.25]])
        #expect(
            curves[0].series[1].points == [[10, evaluated.loss], [20, evaluated.loss]])
        #expect(curves[1].series[0].points.allSatisfy { $0[1] == evaluated.accuracy })
    }

    /// Found by fuzzing: an absurd one ended the program.
    @Test(arguments: [-1, 1.5])
    func refusesAnswersWhoseProbabilitiesAreNone(_ confidence: Double) throws {
        let stored = try StoredRun(videos: ["a.mp4", "b.mp4"])
        defer { stored.remove() }
        let run = try stored.run { _, _ in (0, confidence) }
        let path = run.predictionsPath(of: .test)
        #expect(throws: ReportError.foreignPredictions(path: path)) {
            try RunReport(run: run).makePage()
        }
    }
}

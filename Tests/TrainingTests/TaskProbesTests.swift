import Files
import Testing

@testable import Models
@testable import Training

/// Probes of small models that use order and prompt, or cannot.
@Suite(.serialized)
struct TaskProbesTests {
    private static let frames = FrameOrder(layout: .frames, position: .queries, numFrames: 4)
    private static let wordings = PromptWordings([
        .init(
            task: "way", training: ["which way", "how is it"],
            heldOut: [.init(name: "far", prompts: ["describe", "moves"])]),
        .init(task: "color", training: ["which color", "what shade"]),
    ])

    /// Trains a model on both questions, and asks it again.
    private func probe(
        _ order: FrameOrder?, readsText: Bool, epochs: Int = 60, changes: Bool = true
    ) throws -> [TaskProbes?] {
        let dataset = MovingDataset(numClips: 24)
        var qformer = readsText ? PromptFixture.qformer(order) : smallQFormer
        qformer.frameOrder = order
        let reading = try ClipReading(qformer: qformer, tokenizer: PromptFixture.tokenizer())
        var options = TrainOptions()
        options.epochs = epochs
        options.gradientAccumulation = 1
        options.learningRate = 3e-3
        options.evalStrategy = .no
        options.dropout = 0
        options.wordings = readsText ? Self.wordings : nil
        var trainer = try Trainer(
            model: VideoClassifier(configuration: qformer, numClasses: 4, seed: 3),
            options: options, training: dataset, validation: dataset,
            outputs: MovingDataset.outputs, reading: reading)
        _ = try trainer.run { _ in .proceed }
        let evaluator = Evaluator(
            outputs: MovingDataset.outputs, reading: reading, batchSize: 8,
            wordings: options.wordings)
        var result = try #require(try evaluator.evaluate(trainer.model, on: dataset))
        #expect(
            try evaluator.probe(
                trainer.model, on: dataset, numFrames: 4, seed: 1, changes: changes,
                result: &result))
        return result.tasks.map(\.probes)
    }

    @Test func aJointLayoutWithoutTimesAnswersReversedClipsAlike() throws {
        for probes in try probe(nil, readsText: false, epochs: 5) {
            let probes = try #require(probes)
            #expect(probes.probe(.reversed)?.figures.unchanged == 1)
            #expect(probes.probe(.shuffled)?.figures.unchanged == 1)
            let sentences = probes.sentences(of: 24)
            #expect(
                sentences.contains(
                    "Reversing time changes nothing: the order of frames is not used."))
            #expect(probes.probe(.noPrompt) == nil && probes.probe(.otherPrompt) == nil)
        }
    }

    @Test func aModelThatKeepsFramesApartAndReadsPromptsIsSeenToUseBoth() throws {
        let probes = try probe(Self.frames, readsText: true)
        let (way, color) = (try #require(probes[0]), try #require(probes[1]))
        #expect(way.asTheyAre.accuracyAmongAll == 1 && color.asTheyAre.accuracyAmongAll == 1)
        #expect(way.asTheyAre.unchanged == 1)
        let reversed = try #require(way.probe(.reversed)).figures
        #expect(reversed.unchanged < 0.1 && reversed.accuracy < 0.1)
        #expect(try #require(color.probe(.reversed)).figures.unchanged > 0.9)
        #expect(try #require(way.probe(.middleFrame)).figures.accuracy <= 0.5)
        let other = try #require(way.probe(.otherPrompt)?.figures.amongAllTasks)
        #expect(other.ofTask < 0.1 && other.unchanged < 0.1 && other.accuracy < 0.1)
        let noPrompt = try #require(way.probe(.noPrompt)).figures
        let noColor = try #require(color.probe(.noPrompt)).figures
        #expect(noPrompt.accuracyAmongAll + noColor.accuracyAmongAll < 1.5)
        let text = way.sentences(of: 24).joined(separator: " ")
        #expect(text.contains("of cases: the order of frames is used."))
        #expect(text.contains("the prompt is used."))

        let heading = way.sentences(of: 24, evaluated: .first)[0]
        #expect(heading.contains("asked again, each in one of the 2 wordings trained on (the "))
        #expect(heading.contains("above is that of the first wording): as they are, 100.0 % are"))
        #expect(way.sentences(of: 24, evaluated: .all)[0].contains("of their mean probabilities):"))

        #expect(way.wordings.map(\.name) == ["train", "far"])
        #expect(way.wordings.map(\.figures.questions) == [24, 48])
        #expect(way.wordings[1].prompts.map(\.prompt) == ["describe", "moves"])
        #expect(way.wordings[0].prompts.map(\.figures.questions) == [12, 12])
        #expect(way.probe(.reversed)?.prompts.map(\.prompt) == ["which way", "how is it"])
        #expect(color.wordings.map(\.name) == ["train"])
    }

    @Test func heldOutWordingsAreAskedWithoutProbes() throws {
        let probes = try probe(Self.frames, readsText: true, epochs: 1, changes: false)
        #expect(probes[0]?.probes.isEmpty == true && probes[0]?.wordings.count == 2)
        #expect(
            probes[0]?.sentences(of: 24).contains { $0.hasPrefix("In the wordings “far”") } == true)
        // The heading and that sentence; the wordings trained on have none.
        #expect(probes[0]?.sentences(of: 24).count == 2)
        let none = try probe(nil, readsText: false, epochs: 1, changes: false)
        #expect(none.allSatisfy { $0 == nil })
    }

    @Test func sharesAreThoseOfTheAnswers() throws {
        func answer(label: Int, prediction: Int, best: Int) -> AnsweredQuestion {
            AnsweredQuestion(
                key: "k", video: "v", prompt: "", group: "v", task: 1, label: label,
                prediction: prediction, bestOutput: best, confidence: 1, probabilities: [], loss: 0)
        }
        let figures = TaskProbes.Figures(
            [
                (
                    answer(label: 0, prediction: 0, best: 2),
                    answer(label: 0, prediction: 0, best: 2)
                ),
                (
                    answer(label: 0, prediction: 0, best: 2),
                    answer(label: 0, prediction: 1, best: 3)
                ),
                (
                    answer(label: 1, prediction: 0, best: 2),
                    answer(label: 1, prediction: 1, best: 0)
                ),
                (
                    answer(label: 1, prediction: 1, best: 0),
                    answer(label: 1, prediction: 0, best: 0)
                ),
            ], outputs: 2..<4, isOnlyTask: false)
        #expect(figures.questions == 4 && figures.accuracy == 0.5 && figures.unchanged == 0.25)
        #expect(
            figures.amongAllTasks
                == TaskProbes.AmongAllTasks(accuracy: 0.25, unchanged: 0.5, ofTask: 0.5))
    }

    @Test func aRunRecordsThemAndRefusesWhatCannotBe() throws {
        func metrics(_ share: Double) throws -> SplitMetrics {
            let figures = TaskProbes.Figures(
                questions: 3, accuracy: share, unchanged: 1, amongAllTasks: nil)
            var result = makeResult(oneTask(), [(0, 0, 0), (0, 1, 1), (0, 2, 0)])
            result.tasks[0].probes = TaskProbes(
                asTheyAre: figures,
                probes: [.init(change: .middleFrame, figures: figures, prompts: [])], wordings: [])
            return SplitMetrics(
                result.tasks[0], dataset: EvaluatedDataset(name: "d", contentHash: "h"))
        }
        let written = try metrics(0.5)
        #expect(try decodeJSON(SplitMetrics.self, from: canonicalJSON(written)) == written)
        #expect(written.isPlausible(numClasses: 3))
        #expect(try !metrics(1.5).isPlausible(numClasses: 3))
        #expect(written.probeSentences.count == 2)
    }

    private func figures(
        _ accuracy: Double, unchanged: Double = 1, amongAll: TaskProbes.AmongAllTasks? = nil
    ) -> TaskProbes.Figures {
        TaskProbes.Figures(
            questions: 40, accuracy: accuracy, unchanged: unchanged, amongAllTasks: amongAll)
    }

    private func sentences(
        _ change: TaskProbes.Change, _ figures: TaskProbes.Figures, of total: Int = 40
    ) -> [String] {
        TaskProbes(
            asTheyAre: self.figures(0.8),
            probes: [.init(change: change, figures: figures, prompts: [])], wordings: []
        ).sentences(of: total)
    }

    @Test func oneFrameIsEnoughWhereHardlyAnAnswerIsLost() {
        let places = "The middle frame in all places: "
        #expect(
            sentences(.middleFrame, figures(0.79))[1]
                == places + "79.0 % right instead of 80.0 %: one frame is enough.")
        #expect(
            sentences(.middleFrame, figures(0.7))[1]
                == places + "70.0 % right instead of 80.0 %: one frame is not enough.")
    }

    @Test func wordsSayHowMuchAnExchangeMatters() {
        let words = [1, 0.98, 0.979, 0.9, 0.899, 0].map(TaskProbes.weight(ofUnchanged:))
        #expect(
            words == [
                "hardly matters", "hardly matters", "matters a little", "matters a little",
                "is used", "is used",
            ])
    }

    @Test func theHeadingSaysWhichQuestionsWereAskedAgain() {
        #expect(sentences(.reversed, figures(0.8))[0].hasPrefix("All questions, asked again: as "))
        #expect(
            sentences(.reversed, figures(0.8), of: 90)[0]
                .hasPrefix("40 of 90 questions, drawn by the seed, asked again: as "))
    }

    /// Within a task the answer may stay although the prompt decides which task is answered.
    @Test func thePromptIsUnusedOnlyIfNoAnswerAmongThoseOfAllTasksChanges() {
        let changed = TaskProbes.AmongAllTasks(accuracy: 0.3, unchanged: 0.4, ofTask: 0.5)
        #expect(
            sentences(.noPrompt, figures(0.8, amongAll: changed))[1]
                .hasPrefix("Without a prompt: 30.0 % right instead of 80.0 %"))
        let same = TaskProbes.AmongAllTasks(accuracy: 0.8, unchanged: 1, ofTask: 1)
        #expect(
            sentences(.noPrompt, figures(0.8, amongAll: same))[1]
                == "Without a prompt nothing changes: the prompt is not used.")
    }

    @Test func aTaskThatIsAnsweredWithoutAPromptMayStillUseIt() {
        let same = TaskProbes.AmongAllTasks(accuracy: 0.8, unchanged: 1, ofTask: 1)
        let changed = TaskProbes.AmongAllTasks(accuracy: 0, unchanged: 0, ofTask: 0)
        let probes = TaskProbes(
            asTheyAre: figures(0.8),
            probes: [
                .init(change: .noPrompt, figures: figures(0.8, amongAll: same), prompts: []),
                .init(change: .otherPrompt, figures: figures(0.8, amongAll: changed), prompts: []),
            ], wordings: [])
        #expect(
            probes.sentences(of: 40)[1]
                == "Without a prompt nothing changes: the model then answers this question.")
    }
}

import Files
import Foundation
public import Models
import Recipes
import Shards
public import Training

/// Writes `report.html`: one page without outside resources that shows what a run achieved, on its
/// clips.
public struct RunReport {
    let run: RunDirectory
    let model: VideoClassifier?
    /// Bytes of all pictures at most, so that a page stays below 5 MB.
    private static let pictureBudget = 3_200_000

    /// Prepares the report of `run`; `write` makes it.
    /// - Parameters:
    ///   - run: The run.
    ///   - model: Its best model, if that is in memory.
    public init(run: RunDirectory, model: VideoClassifier? = nil) {
        self.run = run
        self.model = model
    }

    /// Makes the page from the run's files and publishes it.
    ///
    /// Pictures come from the pixel dataset behind the features; without it, the page has none.
    /// - Returns: The page's path.
    /// - Throws: `ReportError.foreignPredictions`; as `RunDirectory.metrics`, `predictions` and
    ///   `logLines`; `FileError.cannotCreate` or `.system`.
    @discardableResult
    public func write() throws -> String {
        let path = "\(run.path)/report.html"
        try publishFile(try PageTemplate.run.page(showing: makePage()), at: path)
        return path
    }

    /// Gathers what the page shows.
    func makePage() throws -> RunPage {
        let configuration = run.configuration
        let metrics = try run.metrics()
        let split: Split = metrics[Split.test.rawValue] == nil ? .validation : .test
        let shown = metrics[split.rawValue] ?? [:]
        let questions = try PredictedQuestion.all(of: run, split: split)
        let features = try? Dataset(directory: configuration.datasetPath)
        let groups = features.flatMap { try? QuestionsFile(of: $0) }.map { file in
            Dictionary(
                file.rows.map { ($0.key, $0.group) }, uniquingKeysWith: { first, _ in first })
        }
        var tasks: [RunPage.Task] = []
        var numbers: [Int: Int] = [:]
        for (number, task) in configuration.tasks.enumerated() {
            guard let metrics = shown[task.task] else { continue }
            numbers[number] = tasks.count
            tasks.append(
                RunPage.Task(
                    number: tasks.count, task: task, split: split, metrics: metrics,
                    questions: questions.filter { $0.task == number },
                    group: { groups?[$0.key] ?? $0.video }))
        }
        let answered = questions.filter { numbers[$0.task] != nil }
        let probes = configuration.tasks.compactMap { task in
            shown[task.task]?.probes.map { (task: task.task, probes: $0) }
        }
        var page = RunPage(
            name: lastComponent(of: run.path), lead: lead,
            verdict: verdict(tasks, answered, doubts: doubts(shown)) + usage(probes),
            warnings: configuration.splitRemarks.sentences
                + ((try? run.baselines())??.remarks ?? []), tasks: tasks, clips: [], prompts: [],
            questions: [], selections: [],
            predictionsFile: lastComponent(of: run.predictionsPath(of: split)),
            curves: try run.curves(), options: try configuration.options.differencesFromDefaults(),
            provenance: configuration.provenance)
        let strips = features.flatMap(Filmstrips.init)
        let asked = addQuestions(
            answered, numbers, evaluated: { shown[configuration.tasks[$0].task]?.evalPrompts },
            to: &page, strips: strips)
        addAttention(to: &page, asked, split: split, features: features, strips: strips)
        return page
    }

    private var lead: String {
        let (configuration, shape) = (run.configuration, run.configuration.qformer)
        return "Frozen \(configuration.model) (\(configuration.featureRecipe.precision.rawValue)), "
            + "Q-Former of \(counted(shape.numHiddenLayers, "layer")), \(shape.hiddenSize) wide, "
            + "\(counted(shape.numQueryTokens, "query")); trained on "
            + "\(counted(configuration.trainingQuestions, "question")) about "
            + "\(counted(configuration.trainingClips, "clip")) of "
            + "\(counted(configuration.clipRecipe.numFrames, "frame"))."
    }

    /// Adds the questions that are shown, with their clips and pictures.
    /// - Parameters:
    ///   - questions: All that were answered.
    ///   - numbers: The place on the page of each task.
    ///   - evaluated: Which wordings of a task were asked.
    ///   - page: Gets them.
    ///   - strips: The pictures, if there are any.
    /// - Returns: The clip and the prompt of each of `page.questions`.
    private func addQuestions(
        _ questions: [PredictedQuestion], _ numbers: [Int: Int],
        evaluated: (Int) -> PromptWordings.Evaluated?, to page: inout RunPage, strips: Filmstrips?
    ) -> [(key: ClipKey, prompt: String)] {
        let selected = SelectedQuestions(of: questions)
        var asked: [(key: ClipKey, prompt: String)] = []
        var clips: [ClipKey: Int] = [:]
        var prompts: [RunPage.Prompt: Int] = [:]
        var (places, bytes): ([Int: Int], Int) = ([:], 0)
        for index in selected.all {
            let question = questions[index]
            if clips[question.key] == nil {
                let strip =
                    bytes < Self.pictureBudget ? strips?.strip(of: question.key) : nil
                let url = strip?.dataURL
                bytes += url?.utf8.count ?? 0
                clips[question.key] = page.clips.count
                page.clips.append(
                    RunPage.Clip(
                        key: "\(question.key)", video: shortened(question.video),
                        window: strip?.clip.windowDescription ?? "", strip: url,
                        frames: strip?.frames ?? 0))
            }
            let prompt = prompt(of: question, evaluated: evaluated(question.task))
            if let prompt, prompts[prompt] == nil {
                prompts[prompt] = page.prompts.count
                page.prompts.append(.init(text: shortened(prompt.text), others: prompt.others))
            }
            asked.append((question.key, prompt?.text ?? ""))
            places[index] = page.questions.count
            page.questions.append(
                RunPage.Question(
                    question, clip: clips[question.key] ?? 0, task: numbers[question.task] ?? 0,
                    prompt: prompt.flatMap { prompts[$0] }))
        }
        page.selections = selected.selections.map { kind, indices in
            RunPage.Selection(
                name: kind.rawValue, note: kind.note, questions: indices.compactMap { places[$0] })
        }
        return asked
    }
}

extension RunPage.Question {
    init(_ question: PredictedQuestion, clip: Int, task: Int, prompt: Int?) {
        self.clip = clip
        self.task = task
        self.prompt = prompt
        label = question.label
        prediction = question.prediction
        loss = question.loss
        var top = question.best.prefix(3).map { [Double($0.answer), $0.probability] }
        if !top.contains(where: { Int($0[0]) == question.label }) {
            top.append([Double(question.label), question.probabilityOfLabel])
        }
        self.top = top
        isUnsure = question.margin < SelectedQuestions.unsureMargin
        heat = nil
    }
}

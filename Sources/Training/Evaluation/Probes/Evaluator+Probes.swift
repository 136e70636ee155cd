public import Models
import Recipes

extension Evaluator {
    /// Asks a sample of the questions again and adds what comes out to the tasks of `result`.
    ///
    /// It asks with frames and prompts exchanged, and in all wordings that are not trained on.
    /// - Parameters:
    ///   - model: The model that `result` is about.
    ///   - dataset: The questions that `result` is about.
    ///   - numFrames: Frames of a clip.
    ///   - seed: Draws questions, orders of frames and prompts.
    ///   - changes: Whether frames and prompts are exchanged; if not, only wordings are asked.
    ///   - result: What the model answers to the questions as they are.
    ///   - shouldStop: Asked before each batch.
    /// - Returns: False if it was stopped.
    /// - Throws: as `evaluate`.
    public func probe(
        _ model: VideoClassifier, on dataset: some FeatureDataset, numFrames: Int, seed: UInt64,
        changes: Bool = true, result: inout EvaluationResult,
        shouldStop: () throws -> Bool = { false }
    ) throws -> Bool {
        guard changes || wordings?.tasks.contains(where: { !$0.heldOut.isEmpty }) == true else {
            return true
        }
        let plan = ProbePlan(
            dataset, outputs: outputs, wordings: wordings, defaultPrompt: reading.defaultPrompt,
            changesPrompts: changes && reading.readsText, seed: seed)
        let evaluator = Evaluator(
            outputs: outputs, reading: reading.withoutDefaultPrompt, batchSize: batchSize)
        var answers = ProbeAnswers(outputs: outputs, readsText: reading.readsText)
        func ask(_ rows: [ProbePlan.Row], _ frames: FrameExchange? = nil) throws -> Bool {
            let questions = ProbedQuestions(
                dataset, rows.map(\.question), prompts: rows.map(\.prompt), frames: frames)
            let found = try evaluator.answers(
                of: model, to: questions, shouldStop: shouldStop)
            if let found { answers.add(rows, found) }
            return found != nil
        }
        guard try ask(plan.rows) else { return false }
        if changes, numFrames > 1 {
            for change in TaskProbes.Change.ofFrames {
                let frames = FrameExchange(change: change, numFrames: numFrames, seed: seed)
                guard try ask(plan.rows(changing: change), frames) else { return false }
            }
        }
        for place in result.tasks.indices {
            let task = result.tasks[place].task
            result.tasks[place].probes = answers.probes(of: task, wordings?.task(named: task.task))
        }
        return true
    }
}

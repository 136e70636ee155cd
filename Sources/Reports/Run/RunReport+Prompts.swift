import Models
import Recipes
import Training

extension RunReport {
    /// What the model was asked in `question`; `nil` if it reads no text and the row has none.
    ///
    /// `evaluated` are the wordings of its task that were asked; `nil` means the rows' own prompts.
    func prompt(
        of question: PredictedQuestion, evaluated: PromptWordings.Evaluated?
    ) -> RunPage.Prompt? {
        let options = run.configuration.options
        let task = run.configuration.tasks[question.task].task
        let own = evaluated == nil ? question.prompt : ""
        guard run.configuration.qformer.text != nil || !own.isEmpty else { return nil }
        let wordings = options.wordings?.task(named: task)?.training ?? []
        return RunPage.Prompt(
            text: own.isEmpty ? options.prompt(ofTask: task) : own,
            others: evaluated == .all ? max(0, wordings.count - 1) : 0)
    }
}

import Models
import Recipes

extension RunConfiguration {
    /// What is implausible about its numbers; `nil` if nothing is.
    var problem: String? {
        do throws(TrainingError) {
            try options.validate()
        } catch {
            return "\(error)".hasSuffix(".") ? String("\(error)".dropLast()) : "\(error)"
        }
        if !qformer.isPlausible {
            return "the Q-Former's sizes do not fit each other or are absurd"
        }
        if !clipRecipe.isPlausible { return "the clip recipe has absurd numbers" }
        if tasks.isEmpty || tasks.contains(where: \.classes.isEmpty) {
            return "a task has no classes"
        }
        if let problem = options.wordings?.problem(tasks: tasks.map(\.task)) {
            return "the wordings cannot be used: \(problem)"
        }
        if trainingQuestions < 1 || trainingClips < 1 { return "it was trained on nothing" }
        return nil
    }
}

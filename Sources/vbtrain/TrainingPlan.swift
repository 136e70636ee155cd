import ArgumentParser
import Files
import Models
import Training

/// The settings of a training, resolved from command line and file.
struct TrainingSettings {
    let options: TrainOptions
    let qformer: QFormerOptions
    let bert: QFormerArguments.BERT?
    let reporters: Set<Reporter>
    /// Whether the probes after the evaluation are left out.
    let skipsProbes: Bool
}

/// A training that may begin: what is trained on what, and where it goes.
struct TrainingPlan {
    let settings: TrainingSettings
    let input: TrainingInput
    let choice: QFormerChoice
    let configuration: RunConfiguration
    /// The run directory.
    let path: String
    /// What other trainings have found out already.
    var known = KnownFits()

    var options: TrainOptions { settings.options }
}

/// What depends on the dataset alone.
struct KnownFits: Sendable {
    /// Mean and deviation of the channels of the training split.
    var statistics: ChannelStatistics?
    /// Simpler models.
    var baselines: Baselines?
    /// What these answer to the validation split.
    var answers: BaselineAnswers?
}

/// How a training came to its end.
struct FinishedTraining {
    let directory: RunDirectory
    /// The evaluation of the best model while it was trained, if there was any.
    let best: EvaluationLine?
    /// That of the validation split at the end, if there is one.
    let result: EvaluationResult?
}

/// What `report.html` shows; `Templates/run.js` draws it.
struct RunPage: Encodable {
    /// Name of the run.
    var name: String
    /// What was trained, in one line.
    var lead: String
    /// What came out, a sentence each, the most important first.
    var verdict: [String]
    /// What to know before the figures are believed.
    var warnings: [String]
    /// The tasks that were evaluated.
    var tasks: [Task]
    /// The clips that `questions` are about.
    var clips: [Clip]
    /// The different prompts of `questions`.
    var prompts: [Prompt]
    /// Questions that are shown, not all that were asked.
    var questions: [Question]
    /// Selections of `questions`, the first is shown at once.
    var selections: [Selection]
    /// Why no question has a `heat`, if that is so.
    var attentionNote: String?
    /// The file that holds all answers.
    var predictionsFile: String
    /// Curves over the steps of the training.
    var curves: [Curve]
    /// Options that differ from their defaults.
    var options: [Option]
    /// What the run was made from.
    var provenance: [Item]

    /// One task on one split.
    struct Task: Encodable {
        /// Its place in the list.
        var number: Int
        var name: String
        var split: String
        var classes: [String]
        var accuracy: Double
        /// 95 % interval by Wilson's formula.
        var interval: [Double]
        /// Share that guessing gets right.
        var chance: Double
        /// Simpler models on the same features.
        var baselines: [Baseline]
        var f1Weighted: Double
        /// 95 % interval by a bootstrap over groups.
        var f1Interval: [Double]?
        var f1Macro: Double
        /// Expected calibration error.
        var calibrationError: Double
        var questions: Int
        var clips: Int
        var groups: Int
        /// True class, predicted class and how often, where that is not 0.
        var confusion: [[Int]]
        /// Questions in bins by the confidence of their answer.
        var reliability: [Bin]
        var byPrompt: [Share]
        var byGroup: [Share]
        /// Accuracy in each wording, those that were trained on first.
        var wordings: [Wording]
        /// What changes when frames or prompts are exchanged, a sentence each.
        var probes: [String]
    }

    /// A simpler model.
    struct Baseline: Encodable {
        var name: String
        var accuracy: Double
    }

    /// Answers of about one confidence.
    struct Bin: Encodable, Equatable {
        /// Mean confidence.
        var confidence: Double
        /// Share of right answers.
        var accuracy: Double
    }

    /// Accuracy on some of the questions.
    struct Share: Encodable, Equatable {
        var name: String
        var questions: Int
        var accuracy: Double
        var interval: [Double]
    }

    /// A wording of a task's prompt.
    struct Wording: Encodable, Equatable {
        /// The list that it stands in.
        var list: String
        var prompt: String
        var questions: Int
        var accuracy: Double
        var interval: [Double]
        /// Accuracy among the answers of all tasks.
        var amongAll: Double
    }

    /// A clip with its picture.
    struct Clip: Encodable {
        var key: String
        var video: String
        /// Which part of the video it is; empty for the whole.
        var window: String
        /// The frames side by side as a `data:` URL; `nil` if the pixels are not at hand.
        var strip: String?
        /// Frames in `strip`.
        var frames: Int
    }

    /// What a question was asked.
    struct Prompt: Encodable, Hashable {
        var text: String
        /// Other wordings whose probabilities were averaged with those of `text`.
        var others: Int
    }

    /// A question, its answer and the model's.
    struct Question: Encodable {
        var clip: Int
        var task: Int
        /// Index of `prompts`; `nil` if nothing was asked.
        var prompt: Int?
        var label: Int
        var prediction: Int
        var loss: Double
        /// The most probable answers, class and probability, and the right one.
        var top: [[Double]]
        /// Whether the second answer is nearly as probable as the first.
        var isUnsure: Bool
        var heat: Heat?
    }

    /// What the queries read of each patch of each frame.
    struct Heat: Encodable {
        var rows: Int
        var columns: Int
        /// Bytes (T, rows, columns) in base64, 255 the largest of the clip.
        var values: String
    }

    /// A chart over the steps of the training.
    struct Curve: Encodable {
        var title: String
        var series: [Series]
        /// The step of the best model.
        var best: Double?
    }

    struct Series: Encodable {
        var name: String
        /// Step and value.
        var points: [[Double]]
    }

    struct Option: Encodable, Equatable {
        var name: String
        var value: String
        var usual: String
    }

    /// Some of the questions.
    struct Selection: Encodable {
        var name: String
        /// What the selection does and does not show; `nil` if its name says enough.
        var note: String?
        /// Indices of `questions` in the order in which they are shown.
        var questions: [Int]
    }

    struct Item: Encodable {
        var name: String
        var value: String
    }
}

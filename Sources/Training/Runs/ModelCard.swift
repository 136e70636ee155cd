import Files
import Models
import Recipes
import Shards

/// `README.md` of a run's model: what the Hub shows and what people want to know.
///
/// Source: huggingface.co/docs/hub/model-cards (`model-index`).
struct ModelCard {
    private let run: RunDirectory
    private let metrics: [(split: String, tasks: [(task: AnswerSet, metrics: SplitMetrics)])]

    /// The card of `run` with the metrics that it has so far.
    init(of run: RunDirectory) {
        self.run = run
        let recorded = (try? run.metrics()) ?? [:]
        metrics = recorded.sorted { $0.key < $1.key }.map { split, byTask in
            (
                split,
                run.configuration.tasks.compactMap { task in byTask[task.task].map { (task, $0) } }
            )
        }
    }

    /// Writes the card beside the weights.
    func publish() throws {
        try publishFile(Array(text.utf8), at: path)
    }

    private var path: String { "\(run.path)/model/README.md" }
    private var configuration: RunConfiguration { run.configuration }
    private var name: String { lastComponent(of: absolutePath(run.path)) }

    /// The whole file.
    var text: String {
        (frontMatter + [""] + heading + results + classes + prompts + usage).joined(separator: "\n")
            + "\n"
    }

    private var frontMatter: [String] {
        [
            "---", HubLicense.line(HubLicense.filledIn(at: path)), "library_name: transformers",
            "pipeline_tag: video-classification", "tags:", "- video-classification", "- blip-2",
        ]
            + modelIndex + ["---"]
    }

    private var modelIndex: [String] {
        guard metrics.contains(where: { !$0.tasks.isEmpty }) else { return [] }
        var lines = ["model-index:", "- name: \(yamlQuoted(name))", "  results:"]
        for (split, tasks) in metrics {
            for (task, metrics) in tasks {
                lines += [
                    "  - task:", "      type: video-classification",
                    "      name: \(yamlQuoted(task.task))", "    dataset:",
                    "      name: \(yamlQuoted(metrics.dataset.name))",
                    "      type: \(yamlQuoted(metrics.dataset.name))", "      split: \(split)",
                    "      revision: \(yamlQuoted(metrics.dataset.contentHash))", "    metrics:",
                ]
                for (type, name, value) in Self.figures(metrics) {
                    lines += [
                        "    - type: \(type)", "      name: \(yamlQuoted(name))",
                        "      value: \(value)",
                    ]
                }
            }
        }
        return lines
    }

    private static func figures(
        _ metrics: SplitMetrics
    ) -> [(type: String, name: String, value: Double)] {
        [
            ("accuracy", "Accuracy", metrics.accuracy), ("f1", "Weighted F1", metrics.f1Weighted),
            ("f1", "Macro F1", metrics.f1Macro), ("loss", "Cross entropy", metrics.loss),
        ]
    }

    private var heading: [String] {
        let shape = configuration.qformer
        let clips = configuration.clipRecipe
        return [
            "# \(markdownEscaped(name))", "",
            "A video classifier: a Q-Former (\(counted(shape.numHiddenLayers, "layer")), \(shape.hiddenSize) "
                + "wide, \(counted(shape.numQueryTokens, "query"))) reads what the frozen encoder "
                + "\(markdownEscaped(configuration.model)) sees in \(counted(clips.numFrames, "frame"))"
                + (shape.text == nil ? "" : ", and a prompt") + ". Trained by vbtrain "
                + "\(RunDirectory.programVersion) on \(counted(configuration.trainingQuestions, "question")) "
                + "about \(counted(configuration.trainingClips, "clip")).", "",
        ]
    }

    private var results: [String] {
        guard metrics.contains(where: { !$0.tasks.isEmpty }) else { return [] }
        let rows = metrics.flatMap { split, tasks in
            tasks.map { task, metrics in
                let figures = Self.figures(metrics).map {
                    "\(($0.value * 10_000).rounded() / 10_000)"
                }
                return "| \(split) | \(markdownEscaped(task.task)) | \(metrics.questions) | "
                    + figures.joined(separator: " | ") + " |"
            }
        }
        return [
            "## Results", "",
            "| split | task | questions | accuracy | weighted F1 | macro F1 | cross entropy |",
            "|---|---|---|---|---|---|---|",
        ] + rows + [""]
            + configuration.splitRemarks.sentences.flatMap { [markdownEscaped($0), ""] }
    }

    private var classes: [String] {
        let outputs = configuration.outputs
        var rows: [String] = []
        for (number, task) in outputs.tasks.enumerated() {
            rows += zip(outputs.range(of: number), task.classes).map {
                "| \($0) | \(markdownEscaped(task.task)) | \(markdownEscaped($1)) |"
            }
        }
        return ["## Outputs", "", "| output | task | class |", "|---|---|---|"] + rows
            + ["", "Probabilities are the softmax over the outputs of one task.", ""]
    }

    /// What the model knows to be asked.
    private var prompts: [String] {
        guard let wordings = configuration.options.wordings else { return [] }
        return ["## Prompts", "", "| task | prompts trained on |", "|---|---|"]
            + wordings.tasks.map { task in
                let prompts = task.training.map(markdownEscaped).joined(separator: "<br>")
                return "| \(markdownEscaped(task.task)) | \(prompts) |"
            } + [""]
    }

    private var usage: [String] {
        let tokens =
            configuration.qformer.text == nil
            ? ""
            : ", **tokenizer(prompts, return_tensors=\"pt\", padding=True, return_token_type_ids=False)"
        let times = configuration.qformer.position == .none ? "" : ", times=times"
        let comment =
            "# features: (B, T, L, D), as `vbprep extract-features` stores them"
            + (times.isEmpty ? "" : "; times: (B, T), seconds after the first frame")
        return [
            "## How to use", "", "```python",
            "model = transformers.AutoModel.from_pretrained(\"DIRECTORY\", trust_remote_code=True).eval()",
            "logits = model(features\(tokens)\(times)).logits  \(comment)",
            "```", "",
            "`vbtrain predict` answers for video files. The encoder's weights have the hash "
                + "`\(configuration.featureRecipe.modelHash)`.",
        ]
    }
}

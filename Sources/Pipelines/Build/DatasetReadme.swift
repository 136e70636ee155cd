import Files
import Foundation
import Recipes
import Shards

/// `README.md` of a dataset: front matter by which `datasets.load_dataset(DIRECTORY)` gives splits,
/// decoded arrays and class names, then a description for people.
///
/// Source: huggingface.co/docs/hub/datasets-cards; datasets, packaged_modules/webdataset.
struct DatasetReadme {
    private let description: DatasetDescription
    private let license: String
    /// The splits that have clips, in their usual order.
    private let splits: [(name: String, clips: Int)]

    init(of description: DatasetDescription, license: String) {
        self.description = description
        self.license = license
        splits = ["train", "validation", "test"].compactMap { name in
            description.splits[name].flatMap { $0 > 0 ? (name, $0) : nil }
        }
    }

    /// The whole file.
    var text: String {
        get throws {
            let parts = try [frontMatter, heading, counts, classes, fields, making, loading]
            return parts.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
        }
    }

    // MARK: - Front matter

    private var frontMatter: [String] {
        let bytes = description.array.shape.reduce(description.array.elementType.size, *)
        var lines = [
            "---", HubLicense.line(license),
            "pretty_name: \(yamlQuoted(title))", "task_categories:", "- video-classification",
            "size_categories:", "- \(sizeCategory)", "tags:", "- webdataset", "configs:",
            "- config_name: default", "  data_files:",
        ]
        for (name, _) in splits {
            lines += ["  - split: \(name)", "    path: shards/\(name)-*.tar"]
        }
        lines += ["dataset_info:", "  config_name: default", "  features:"] + features
        lines.append("  splits:")
        for (name, clips) in splits {
            lines += [
                "  - name: \(name)", "    num_bytes: \(clips * bytes)",
                "    num_examples: \(clips)",
            ]
        }
        return lines + ["---"]
    }

    private var features: [String] {
        let array = description.array
        var lines = [
            "  - name: \(array.member)", "    dtype:", "      array\(array.shape.count)_d:",
            "        shape: [\(array.shape.map { "\($0)" }.joined(separator: ", "))]",
            "        dtype: \(array.elementType.rawValue)", "  - name: \(ShardFormat.classMember)",
        ]
        if let task = description.tasks.first, description.tasks.count == 1 {
            lines += ["    dtype:", "      class_label:", "        names:"]
            lines += task.classes.enumerated().map { "          '\($0)': \(yamlQuoted($1))" }
        } else {
            lines.append("    dtype: int64")
        }
        lines += ["  - name: \(ShardFormat.metadataMember)", "    struct:"]
        let isPixels = description.kind == .pixels
        lines += Self.metadata(Self.clipFields, indent: 4)
        if isPixels {
            lines += ["    - name: questions", "      list:"]
            lines += Self.metadata(Self.questionFields, indent: 6)
        }
        lines += ["    - name: receipt", "      struct:"]
        lines += Self.metadata(Self.receiptFields, indent: 6)
        return lines
            + ["  - name: __key__", "    dtype: string", "  - name: __url__", "    dtype: string"]
    }

    private static func metadata(_ fields: [(String, String)], indent: Int) -> [String] {
        let space = String(repeating: " ", count: indent)
        return fields.flatMap { name, type in
            [
                "\(space)- name: \(name)",
                "\(space)  \(type.contains(":") ? type : "dtype: \(type)")",
            ]
        }
    }

    /// The `json` member; see `ClipMetadata`.
    private static let clipFields = [
        ("key", "string"), ("video", "string"), ("start", "string"), ("end", "string"),
        ("source_sha256", "string"), ("perceptual_hash", "string"),
    ]
    /// See `Question`; what the manifest's other columns hold is in `questions.csv`.
    private static let questionFields = [
        ("id", "string"), ("split", "string"), ("task", "string"), ("prompt", "string"),
        ("label", "string"), ("class", "int64"),
    ]
    /// See `ClipReceipt`.
    private static let receiptFields = [
        ("num_frames", "int64"), ("num_frames_in_window", "int64"),
        ("num_frames_from_header", "int64"), ("frame_indices", "list: int64"),
        ("pts", "list: int64"), ("time_base", "string"), ("key_frames", "list: bool"),
        ("decode_errors", "int64"), ("concealed_frames", "int64"), ("damage", "string"),
        ("width", "int64"), ("height", "int64"), ("codec", "string"), ("pixel_format", "string"),
        ("color_matrix", "string"), ("color_range", "string"), ("rotation", "int64"),
        ("mirrored", "bool"), ("decoding", "string"), ("fallback_reason", "string"),
        ("ffmpeg_version", "string"),
    ]

    /// Source: huggingface.co/docs/hub/datasets-cards (`size_categories`).
    private var sizeCategory: String {
        let bounds = [
            (1_000, "1K"), (10_000, "10K"), (100_000, "100K"), (1_000_000, "1M"),
            (10_000_000, "10M"), (100_000_000, "100M"),
        ]
        var lower = "n"
        for (bound, name) in bounds {
            if description.numClips < bound {
                return lower == "n" ? "n<\(name)" : "\(lower)<n<\(name)"
            }
            lower = name
        }
        return "100M<n<1B"
    }

    // MARK: - Text

    private var title: String {
        let count = description.tasks.reduce(0) { $0 + $1.classes.count }
        let tasks = description.tasks.count
        return "\(counted(description.numClips, "video clip")), \(counted(count, "class"))"
            + (tasks > 1 ? " of \(tasks) tasks" : "")
    }

    private var shape: String {
        "(\(description.array.layout.replacing(",", with: ", "))) = "
            + "(\(description.array.shape.map { "\($0)" }.joined(separator: ", ")))"
    }

    private var heading: [String] {
        let what =
            description.kind == .pixels
            ? "\(counted(description.clipRecipe.numFrames, "sampled frame")) of each clip"
            : "what a frozen encoder, \(markdownEscaped(description.model ?? "")), "
                + "sees in \(counted(description.clipRecipe.numFrames, "frame")) of each clip"
        return [
            "# \(title)", "",
            "Arrays \(shape), \(description.array.elementType.rawValue): \(what). "
                + "Made by vbprep, format \(description.formatVersion).",
        ]
    }

    private var counts: [String] {
        let accounting = description.accounting
        var lines = ["## Counts", "", "| split | clips |", "|---|---|"]
        lines += splits.map { "| \($0) | \($1) |" }
        lines += [
            "",
            "Rows of the manifest: \(accounting.rows) = \(accounting.stored) stored "
                + "+ \(accounting.quarantined) in quarantine."
                + (accounting.reasons.isEmpty ? "" : " Why:"),
        ]
        if !accounting.reasons.isEmpty { lines.append("") }
        lines += accounting.reasons.sorted { $0.key < $1.key }.map {
            "- \(markdownEscaped($0)): \($1)"
        }
        let straddling = description.splitRemarks.straddlingGroups
        if straddling > 0 {
            lines += [
                "",
                "Rows of \(counted(straddling, "source")), or of copies, lie in several splits.",
            ]
        }
        return lines
    }

    private var classes: [String] {
        ["## Classes", "", "| task | index | class |", "|---|---|---|"]
            + description.tasks.flatMap { task in
                task.classes.enumerated().map {
                    "| \(markdownEscaped(task.task)) | \($0) | \(markdownEscaped($1)) |"
                }
            }
    }

    private var fields: [String] {
        let isPixels = description.kind == .pixels
        let label =
            isPixels
            ? "class index of the clip's first question"
            : "empty here, for features do not change when a label does; see `questions.csv`"
        return [
            "## Fields", "", "| field | holds |", "|---|---|",
            "| `\(description.array.member)` | the array |",
            "| `\(ShardFormat.classMember)` | \(label) |",
            "| `\(ShardFormat.metadataMember)` | path and window of the clip, its receipt"
                + (isPixels ? ", its questions" : "") + " |",
            "",
            "`questions.csv` has every question about every clip: `key`, `split`, `task`, `prompt`, "
                + "`label`, `class`, and the manifest's other columns.",
        ]
    }

    private var making: [String] {
        get throws {
            var lines = ["## How it was made", "", "| setting | value |", "|---|---|"]
            var settings = try Self.settings(canonicalJSON(description.clipRecipe))
            if let recipe = description.featureRecipe {
                settings += [("model", description.model ?? "")]
                settings += try Self.settings(canonicalJSON(recipe))
            }
            lines += settings.map { "| \($0) | \(markdownEscaped($1)) |" }
            return lines
        }
    }

    /// Names and values of a recipe's settings, sorted by name.
    private static func settings(_ recipe: [UInt8]) throws -> [(String, String)] {
        let fields = try JSONSerialization.jsonObject(with: Data(recipe)) as? [String: Any] ?? [:]
        return try fields.sorted { $0.key < $1.key }.map { name, value in
            let text = try JSONSerialization.data(
                withJSONObject: value,
                options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
            let shown = value as? String ?? String(decoding: text, as: UTF8.self)
            return ("`\(name)`", shown)
        }
    }

    private var loading: [String] {
        let normalization = description.normalization
        let scale =
            description.kind == .pixels && description.array.elementType == .uint8
            ? [
                "",
                "The model's input is `(x * \(normalization.rescaleFactor) - mean) / std` with mean "
                    + "\(normalization.imageMean), std \(normalization.imageStd).",
            ] : []
        return [
            "## How to load", "", "```python",
            "datasets.load_dataset(\"DIRECTORY\")       # splits, arrays, class names",
            "vbprep.open(\"DIRECTORY\").split(\"train\")  # python/vbprep.py: a row is a question",
            "webdataset.WebDataset(\"DIRECTORY/shards/train-00000.tar\")",
            "mlcroissant.Dataset(\"DIRECTORY/croissant.json\").records(\"questions\")", "```", "",
            "`sha256sum --check SHA256SUMS` checks every file.",
        ] + scale
    }
}

import Files
import Foundation
import Recipes
import Shards

/// `croissant.json` of a dataset: files by hash, the questions as records, the classes.
///
/// Source: Croissant format specification 1.0 (docs.mlcommons.org/croissant).
struct Croissant {
    private let description: DatasetDescription
    private let license: String

    init(of description: DatasetDescription, license: String) {
        self.description = description
        self.license = license
    }

    /// The file, the same for equal datasets.
    func bytes() throws -> [UInt8] {
        let hash = description.contentHash.prefix(16)
        var metadata: [String: Any] = [
            "@context": Self.context,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            "name": "vbprep-\(description.kind.rawValue)-\(hash)",
            "version": "\(description.formatVersion).0.0",
            "description": "\(description.kind == .pixels ? "Pixels" : "Features") of "
                + "\(counted(description.numClips, "video clip")), arrays (\(description.array.layout)) = "
                + "\(description.array.shape), \(description.array.elementType.rawValue), in "
                + "WebDataset tars, and questions about them with their right answers.",
            "distribution": distribution,
            "recordSet": [questions, classes],
        ]
        if license != HubLicense.unknown { metadata["license"] = license }
        let data = try JSONSerialization.data(
            withJSONObject: metadata,
            options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return [UInt8](data) + [UInt8(ascii: "\n")]
    }

    private var distribution: [[String: Any]] {
        func file(_ path: String, _ format: String, _ hash: String) -> [String: Any] {
            [
                "@type": "cr:FileObject", "@id": path, "name": path, "contentUrl": path,
                "encodingFormat": format, "sha256": hash,
            ]
        }
        let questions = ShardFormat.questionsName
        return [file(questions, "text/csv", description.files[questions] ?? "")]
            + description.shards.map { shard in
                let path = "\(ShardFormat.shardFolder)/\(shard.name).tar"
                let entry = file(path, "application/x-tar", shard.sha256)
                return entry.merging(["contentSize": "\(shard.bytes) B"]) { $1 }
            }
    }

    /// A record for each row of `questions.csv`.
    private var questions: [String: Any] {
        let columns = [
            ("key", "Name of the clip's sample in the tars"), ("id", "Name of the question"),
            ("video", "Source video as the manifest names it"),
            ("start", "First second of the clip"), ("end", "Second after the clip"),
            ("split", "train, validation or test"), ("task", "Set of possible answers"),
            ("prompt", "The instruction"), ("label", "The right answer"),
            ("class", "Index of the right answer among those of the task"),
        ]
        let types = ["start": "sc:Float", "end": "sc:Float", "class": "sc:Integer"]
        return [
            "@type": "cr:RecordSet", "@id": "questions", "name": "questions",
            "description": "Every question about every clip.",
            "field": columns.map { name, meaning in
                Self.field(
                    "questions/\(name)", name, types[name] ?? "sc:Text", meaning,
                    [
                        "source": [
                            "fileObject": ["@id": ShardFormat.questionsName],
                            "extract": ["column": name],
                        ]
                    ])
            },
        ]
    }

    /// A record for each possible answer.
    private var classes: [String: Any] {
        [
            "@type": "cr:RecordSet", "@id": "classes", "name": "classes",
            "description": "The possible answers of each task.",
            "key": [["@id": "classes/task"], ["@id": "classes/class"]],
            "field": [
                Self.field("classes/task", "task", "sc:Text", "Name of the task"),
                Self.field("classes/class", "class", "sc:Integer", "Index of the answer"),
                Self.field("classes/label", "label", "sc:Text", "The answer"),
            ],
            "data": description.tasks.flatMap { task in
                task.classes.enumerated().map { index, label -> [String: Any] in
                    [
                        "classes/task": task.task, "classes/class": index,
                        "classes/label": label,
                    ]
                }
            },
        ]
    }

    private static func field(
        _ id: String, _ name: String, _ type: String, _ meaning: String,
        _ more: [String: Any] = [:]
    ) -> [String: Any] {
        let field: [String: Any] = [
            "@type": "cr:Field", "@id": id, "name": name, "dataType": type,
            "description": meaning,
        ]
        return field.merging(more) { $1 }
    }

    /// What the short names in the file mean, as the specification gives it.
    private static var context: [String: Any] {
        var context: [String: Any] = [
            "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/",
            "cr": "http://mlcommons.org/croissant/", "dct": "http://purl.org/dc/terms/",
            "rai": "http://mlcommons.org/croissant/RAI/", "conformsTo": "dct:conformsTo",
            "data": ["@id": "cr:data", "@type": "@json"],
            "examples": ["@id": "cr:examples", "@type": "@json"],
            "dataType": ["@id": "cr:dataType", "@type": "@vocab"],
        ]
        let terms =
            "citeAs column equivalentProperty extract field fileObject fileProperty fileSet format "
            + "includes isLiveDataset jsonPath key md5 parentField path recordSet references regex "
            + "repeated replace samplingRate separator source subField transform"
        for term in terms.split(separator: " ") { context[String(term)] = "cr:\(term)" }
        return context
    }
}

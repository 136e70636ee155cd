import Files
import Manifests
public import Recipes

/// `questions.csv`: every stored row of a dataset, which labels come from.
public struct QuestionsFile: Sendable {
    /// A row: a question, the clip it is about, and which questions share a split.
    public struct Row: Sendable {
        /// The sample that the question is about.
        public let key: ClipKey
        /// The row's `id`; the key where it has none.
        public let id: String
        /// The source video as the manifest names it.
        public let video: String
        /// Which part of the dataset the question belongs to.
        public let split: Split
        /// Name of the set of possible answers.
        public let task: String
        /// The instruction; empty if the row has none.
        public let prompt: String
        /// Index of the right answer among those of the task.
        public let classIndex: Int
        /// Questions of one group share a split: column `group` of the manifest, else the video;
        /// groups that share a video are one.
        public fileprivate(set) var group: String
    }

    /// The columns that every file has, before those of the manifest.
    private static let columns = [
        "key", "id", "video", "start", "end", "split", "task", "prompt", "label", "class",
    ]

    /// Rows in manifest order.
    public let rows: [Row]

    /// Reads the questions of `dataset`, whose checksum is compared.
    /// - Throws: `ShardError.corruptFile` if they are damaged or contradict `dataset.json`, `.file`
    ///   if they are missing or cannot be read.
    public init(of dataset: Dataset) throws(ShardError) {
        let path = "\(dataset.directory)/\(ShardFormat.questionsName)"
        let bytes = try onDisk { () throws(FileError) in try readFile(path) }
        guard sha256Hex(bytes) == dataset.description.files[ShardFormat.questionsName] else {
            throw .corruptFile(path: path, reason: "its checksum differs")
        }
        guard let file = try? DelimitedFile(bytes: bytes, path: path),
            file.header.starts(with: Self.columns)
        else { throw .corruptFile(path: path, reason: "its header is not the expected one") }
        let group = file.header.firstIndex { $0.lowercased() == "group" }
        let tasks = Dictionary(
            dataset.description.tasks.map { (Array($0.task.utf8), $0.classes.count) },
            uniquingKeysWith: { first, _ in first })
        var rows: [Row] = []
        rows.reserveCapacity(file.records.count)
        for record in file.records {
            let fields = record.fields
            guard fields.count == file.header.count, let key = ClipKey(fields[0]),
                let split = Split(rawValue: fields[5]), let count = tasks[Array(fields[6].utf8)],
                let classIndex = Int(fields[9]), 0..<count ~= classIndex
            else {
                throw .corruptFile(path: path, reason: "line \(record.line) is not a question")
            }
            let named = group.map { fields[$0] } ?? ""
            rows.append(
                Row(
                    key: key, id: fields[1], video: fields[2], split: split, task: fields[6],
                    prompt: fields[7],
                    classIndex: classIndex, group: named.isEmpty ? fields[2] : named))
        }
        Self.joinGroups(of: &rows)
        self.rows = rows
    }

    /// Gives one name to groups that are connected by a video.
    private static func joinGroups(of rows: inout [Row]) {
        var parents: [ExactText: ExactText] = [:]
        func root(_ name: String) -> ExactText {
            var name = ExactText(name)
            while let parent = parents[name], parent != name { name = parent }
            return name
        }
        for row in rows {
            // One file may be written in several ways.
            let name = Clip(video: row.video).isRemote ? row.video : normalizedPath(row.video)
            let (group, video) = (root("g" + row.group), root("v" + name))
            if group != video { parents[max(group, video)] = min(group, video) }
        }
        for index in rows.indices {
            rows[index].group = String(root("g" + rows[index].group).text.dropFirst())
        }
    }

    /// The header line of a file with the manifest's columns `extra`.
    public static func header(extra: [String]) -> String {
        // A column of the manifest may have one of our names.
        csvRecord(columns + extra.map { columns.contains($0) ? "manifest_\($0)" : $0 }) + "\n"
    }

    /// The line of `question` about `clip`, with the values of the columns `extra`.
    public static func line(
        _ question: Question, about clip: Clip, key: ClipKey, extra: [String]
    ) -> String {
        csvRecord(
            ["\(key)", question.id, clip.video] + clip.windowText
                + [
                    question.split.rawValue, question.task, question.prompt, question.label,
                    "\(question.classIndex)",
                ] + extra.map { question.extra[$0] ?? "" }) + "\n"
    }
}

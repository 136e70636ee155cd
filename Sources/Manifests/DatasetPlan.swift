import Files
public import Recipes

/// A manifest divided: each clip once with its questions, splits and class indices.
public struct DatasetPlan: Sendable {
    /// What decides splits and classes besides the manifest.
    public struct Options: Sendable {
        /// Shares of the splits among rows that name none.
        public var fractions: SplitFractions
        /// Seed of the split.
        public var seed: UInt64
        /// File with one class name per line, for every task; `nil` takes the labels.
        public var classesPath: String?
        /// Answer sets that are already known; they stand before labels and `classesPath`.
        public var answerSets: [AnswerSet]?

        /// Creates the options from their parts.
        public init(
            fractions: SplitFractions, seed: UInt64, classesPath: String? = nil,
            answerSets: [AnswerSet]? = nil
        ) {
            self.fractions = fractions
            self.seed = seed
            self.classesPath = classesPath
            self.answerSets = answerSets
        }
    }

    /// A clip that will be stored once.
    public struct PlannedClip: Sendable {
        /// The earliest split of its questions.
        public let split: Split
        fileprivate let first: Int32
        fileprivate let count: Int32
        private let row: ManifestRow

        fileprivate init(row: ManifestRow, split: Split, questions: Range<Int>) {
            self.row = row
            self.split = split
            first = Int32(questions.lowerBound)
            count = Int32(questions.count)
        }

        /// The window of a video, read from the manifest's text.
        public var clip: Clip { row.clip }
        /// The name of its sample.
        public var key: ClipKey { row.key }
    }

    /// The possible answers of each task, sorted by the scalars of the tasks' names.
    ///
    /// Classes are the distinct labels of a task: sorted as numbers if all are integers, else by
    /// scalars.
    public let answerSets: [AnswerSet]
    /// In ascending order of their keys.
    public let clips: [PlannedClip]
    /// The split of each of the manifest's rows.
    public let splits: [Split]
    /// Rows that the manifest rejected, and rows with an unknown label or task (`unknown-label`),
    /// by row number.
    public let rejectedRows: [RejectedRow]
    /// Groups, or videos without one, whose rows the manifest itself puts into several splits;
    /// sorted.
    public let straddling: [String]
    /// Classes with fewer than three groups among rows without an explicit split, as `label` or
    /// `task: label`; sorted.
    public let smallClasses: [String]
    /// How many classes with three groups or more are missing from a split: a clip with several
    /// questions can only be where one of its classes needs it.
    public let numUnevenClasses: Int
    /// The fractions that the splits were made with.
    public let fractions: SplitFractions
    private let rowOrder: [Int32]
    private let answers: AnswerSets
    /// The class of each row, numbered as in `answers`; -1 for rows rejected here.
    private let classes: [Int32]

    /// Divides `manifest`.
    ///
    /// Splits are given to groups of rows: the column `group`, else the video. Rows that name a
    /// split keep it and their group follows. Of other groups the draw of a number from seed and
    /// name decides, so that a group keeps its split when other rows come, go or move; shares are
    /// therefore right on average, not exactly. A group counts for its most frequent class, of equals
    /// for the rarest. A class with three groups or more that count for it has at least one in every
    /// split that has a share; of two groups one is trained on, and so is a single one.
    /// - Throws: `ManifestError.invalidClassList`.
    public init(manifest: Manifest, options: Options) throws(ManifestError) {
        let rows = manifest.rows
        let answers: AnswerSets
        if let known = options.answerSets {
            answers = AnswerSets(known)
        } else if let path = options.classesPath {
            answers = AnswerSets(classes: try classList(path: path), tasksOf: rows)
        } else {
            answers = AnswerSets(labelsOf: rows)
        }
        answerSets = answers.sets
        let classes = answers.numbers(of: rows)
        let unknown = rows.indices.filter { classes[$0] < 0 }.map { index in
            RejectedRow(
                Self.unknownLabel(rows[index], options), row: rows[index], file: manifest.name)
        }
        rejectedRows =
            unknown.isEmpty
            ? manifest.rejectedRows
            : (manifest.rejectedRows + unknown).sorted { $0.number < $1.number }

        let order = answers.inOrderOfNames
        var rank = [Int32](repeating: 0, count: order.count)
        for (position, number) in order.enumerated() { rank[Int(number)] = Int32(position) }
        let assignment = SplitAssignment(
            rows: rows, classes: classes.map { $0 < 0 ? -1 : rank[Int($0)] },
            numClasses: answers.count, fractions: options.fractions, seed: options.seed)
        splits = assignment.splits
        straddling = assignment.straddling
        smallClasses = sortedByBytes(assignment.smallClasses.map { answers.title(of: order[$0]) })
        numUnevenClasses = assignment.unevenClasses.count
        fractions = options.fractions

        self.answers = answers
        self.classes = classes

        let byKey = KeyOrder(rows) { classes[$0] >= 0 }
        clips = byKey.runs.map { run in
            let splits = byKey.indices[run].lazy.map { assignment.splits[Int($0)] }
            return PlannedClip(
                row: rows[Int(byKey.indices[run.lowerBound])], split: splits.min() ?? .train,
                questions: run)
        }
        rowOrder = byKey.indices
    }

    /// Indices into the manifest's `rows` of the questions about `clip`, in the order of the file.
    public func rows(of clip: PlannedClip) -> ArraySlice<Int32> {
        rowOrder[Int(clip.first)..<Int(clip.first + clip.count)]
    }

    /// The question that row `rowIndex` of the manifest's `rows` asks.
    /// - Precondition: the row is one of a clip's.
    public func question(_ rowIndex: Int, of manifest: Manifest) -> Question {
        let row = manifest.rows[rowIndex]
        precondition(isPlanned(rowIndex), "row \(row.number) has been rejected")
        let (set, index) = answers.place(of: classes[rowIndex])
        return Question(
            id: row.id ?? row.key.description, task: set.task, prompt: row.prompt,
            label: set.classes[index], classIndex: index, split: splits[rowIndex],
            extra: manifest.extra(of: row))
    }

    /// Whether row `rowIndex` of the manifest's `rows` belongs to a clip.
    func isPlanned(_ rowIndex: Int) -> Bool { classes[rowIndex] >= 0 }

    private static func unknownLabel(_ row: ManifestRow, _ options: Options) -> RowFault {
        let list =
            options.answerSets == nil ? options.classesPath.map(lastComponent(of:)) : nil
        let place = list.map { "in the class list \($0)" } ?? "among the classes that are known"
        return RowFault(
            "unknown-label", column: "label",
            "found `\(row.label)` for task `\(row.task)`, which is not \(place); "
                + "correct it or add the class")
    }
}

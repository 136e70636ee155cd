import Recipes

/// The faults of rows that repeat or contradict earlier ones, by index into `rows`.
///
/// Rows with the same clip, task and prompt are `duplicate-row`, or `conflicting-labels` if their
/// labels differ; different clips with the same key are `key-collision`. Sorting by key needs less
/// memory than remembering every question.
func faultsOfRepeatedRows(_ rows: [ManifestRow]) -> [Int: RowFault] {
    let order = KeyOrder(rows) { _ in true }
    var faults: [Int: RowFault] = [:]
    for run in order.runs where run.count > 1 {
        let indices = order.indices[run].map(Int.init)
        let first = rows[indices[0]]
        var firstOfQuestion: [QuestionText: ManifestRow] = [:]
        for index in indices {
            let row = rows[index]
            let question = QuestionText(task: ExactText(row.task), prompt: ExactText(row.prompt))
            if !isSameClip(row.clip, first.clip) {
                faults[index] = RowFault(
                    "key-collision", column: "video",
                    "the clip has the same key as that of line \(first.line); "
                        + "write its path in another way, such as with ./ before it")
            } else if let earlier = firstOfQuestion[question] {
                faults[index] = fault(of: row, after: earlier)
            } else {
                firstOfQuestion[question] = row
            }
        }
    }
    return faults
}

private struct QuestionText: Hashable {
    let task: ExactText
    let prompt: ExactText
}

private func isSameClip(_ left: Clip, _ right: Clip) -> Bool {
    left.start == right.start && left.end == right.end && haveSameBytes(left.video, right.video)
}

private func fault(of row: ManifestRow, after earlier: ManifestRow) -> RowFault {
    if haveSameBytes(row.label, earlier.label) {
        return RowFault(
            "duplicate-row", column: "video",
            "the same clip and question as line \(earlier.line); remove one of the two rows")
    }
    return RowFault(
        "conflicting-labels", column: "label",
        "found `\(row.label)`, but line \(earlier.line) answers the same question about the same "
            + "clip with `\(earlier.label)`; correct or remove one of the two rows")
}

/// Rows in ascending order of their clips' keys, those of one clip in the order of the file.
struct KeyOrder {
    /// Indices of the rows.
    let indices: [Int32]
    /// Ranges of `indices` with the same key.
    let runs: [Range<Int>]

    init(_ rows: [ManifestRow], where isIncluded: (Int) -> Bool) {
        let pairs = rows.indices.filter(isIncluded).map { (rows[$0].key.bits, Int32($0)) }
            .sorted { $0 < $1 }
        indices = pairs.map(\.1)
        runs = runsOfEqual(count: pairs.count) { pairs[$0].0 == pairs[$1].0 }
    }
}

/// Divides `0..<count` into ranges of neighbours that are equal.
func runsOfEqual(count: Int, _ areEqual: (Int, Int) -> Bool) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = 0
    for index in 0..<count where index + 1 == count || !areEqual(index, index + 1) {
        runs.append(start..<index + 1)
        start = index + 1
    }
    return runs
}

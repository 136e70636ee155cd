/// Which questions of an evaluation a page shows.
struct SelectedQuestions {
    /// Why a question is shown.
    enum Kind: String {
        case wrong, unsure, right
        case largestLoss = "largest loss"
        case doubtfulLabel = "labels to check"

        /// What the selection does and does not show; `nil` if its name says enough.
        var note: String? {
            guard self == .doubtfulLabel else { return nil }
            return "The best model is more than 80\u{A0}% sure of another answer and gives "
                + "the label less than 5\u{A0}%: one of the two is wrong. This is the view of "
                + "one model; `vbtrain compare --html` shows the labels that several runs contradict alike."
        }
    }

    /// The indices of each selection that is not empty.
    private(set) var selections: [(kind: Kind, indices: [Int])] = []
    /// Indices of all that the page holds, those of the selections first.
    private(set) var all: [Int] = []

    /// Two answers are nearly as probable below this difference.
    static let unsureMargin = 0.1
    /// An answer is sure above this confidence.
    static let sureConfidence = 0.8
    private static let perCell = 12
    private static let inCells = 400

    /// Chooses among `questions`, of which any number may be of one class.
    init(of questions: [PredictedQuestion]) {
        let indices = questions.indices
        let byLoss = indices.sorted { (questions[$1].loss, $0) < (questions[$0].loss, $1) }
        let wrong = byLoss.filter { !questions[$0].isRight }
        let right = byLoss.reversed().filter { questions[$0].isRight }
        let unsure = indices.filter { questions[$0].margin < Self.unsureMargin }
            .sorted { (questions[$0].margin, $0) < (questions[$1].margin, $1) }
        // Confident and against the label: the model or the label is wrong.
        let doubtful = wrong.filter {
            questions[$0].confidence > Self.sureConfidence
                && questions[$0].probabilityOfLabel < 0.05
        }
        func pair(_ index: Int) -> [Int] {
            [questions[index].task, questions[index].label, questions[index].prediction]
        }
        choose(Self.spread(wrong, by: pair), 12, .wrong)
        choose(Self.spread(unsure, by: pair), 6, .unsure)
        choose(Self.spread(right, by: pair), 9, .right)
        choose(byLoss, 12, .largestLoss)
        choose(doubtful, 12, .doubtfulLabel)
        var counts: [[Int]: Int] = [:]
        var known = Set(all)
        for index in byLoss where all.count < Self.inCells {
            guard counts[pair(index), default: 0] < Self.perCell else { continue }
            counts[pair(index), default: 0] += 1
            if known.insert(index).inserted { all.append(index) }
        }
    }

    private mutating func choose(_ candidates: [Int], _ count: Int, _ kind: Kind) {
        let chosen = Array(candidates.prefix(count))
        guard !chosen.isEmpty else { return }
        selections.append((kind, chosen))
        let known = Set(all)
        all += chosen.filter { !known.contains($0) }
    }

    /// The same indices, one of each kind before a second of any.
    private static func spread(_ indices: [Int], by kind: (Int) -> [Int]) -> [Int] {
        var seen: [[Int]: Int] = [:]
        let ranked = indices.enumerated().map { place, index in
            let rank = seen[kind(index), default: 0]
            seen[kind(index)] = rank + 1
            return (rank, place, index)
        }
        return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }
}

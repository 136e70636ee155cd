import Tensors

/// The token ids of what each question is asked, in several wordings where its task has them.
struct QuestionPrompts: Sendable {
    /// The different lists of wordings.
    private let lists: [[[Int]]]
    /// The list of each question; empty if the Q-Former reads no text.
    private let places: [Int]

    /// Above the streams of orders and dropout masks.
    private static let stream: UInt64 = 1 << 63

    /// Tokenizes every wording once: those of the task if it has any, else the row's own prompt.
    init(
        _ dataset: some FeatureDataset, outputs: ModelOutputs, reading: ClipReading,
        wordings: PromptWordings?
    ) {
        var lists: [[[Int]]] = []
        guard reading.readsText else {
            self.lists = lists
            places = []
            return
        }
        var byTask: [Int: Int] = [:]
        for task in wordings?.tasks ?? [] {
            guard let number = outputs.task(named: task.task) else { continue }
            byTask[number] = lists.count
            lists.append(reading.tokenized(task.training))
        }
        var byPrompt: [String: Int] = [:]
        places = zip(dataset.labels, dataset.prompts).map { label, prompt in
            if let place = byTask[outputs.task(of: label)] ?? byPrompt[prompt] { return place }
            byPrompt[prompt] = lists.count
            lists.append(reading.tokenized([prompt]))
            return lists.count - 1
        }
        self.lists = lists
    }

    /// Wordings of the question that has the most; 1 if nothing is read.
    var maximumCount: Int { lists.lazy.map(\.count).max() ?? 1 }

    /// The token ids of each wording of each of `questions`, one after the other; empty if the
    /// Q-Former reads no text.
    func all(_ questions: Range<Int>) -> [[Int]] {
        places.isEmpty ? [] : questions.flatMap { lists[places[$0]] }
    }

    /// How many wordings `question` has; 1 if nothing is read.
    func count(_ question: Int) -> Int { places.isEmpty ? 1 : lists[places[question]].count }

    /// The token ids of one wording of each of `questions`; empty if the Q-Former reads no text.
    ///
    /// Which one is a function of seed, epoch and question alone.
    func drawn(_ questions: ArraySlice<Int>, epoch: Int, seed: UInt64) -> [[Int]] {
        guard !places.isEmpty else { return [] }
        let random = CounterRandom(seed: seed, stream: Self.stream | UInt64(epoch))
        return questions.map { question in
            let wordings = lists[places[question]]
            return wordings[Int(random.bits(UInt64(question)) % UInt64(wordings.count))]
        }
    }
}

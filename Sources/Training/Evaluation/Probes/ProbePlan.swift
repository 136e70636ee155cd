import Recipes
import Tensors

/// Which questions are asked again, and with which prompts.
struct ProbePlan {
    /// Why a question is asked.
    enum Purpose: Hashable {
        /// As it is, in a wording that is trained on if the task has some.
        case asItIs
        /// With another prompt, or with other frames.
        case change(TaskProbes.Change)
        /// In a wording of a list that is not trained on.
        case heldOut(list: Int)
    }

    /// A question to ask.
    struct Row {
        /// Its place in the dataset.
        let question: Int
        let purpose: Purpose
        let prompt: String
    }

    /// The questions, those about a clip together; the first about each is the one as it is.
    private(set) var rows: [Row] = []

    /// Questions of a task at most.
    static let sampleSize = 500
    /// Above the streams of orders and dropout masks, and unlike those of wordings and frames.
    private static let stream: UInt64 = 3 << 62

    /// Draws up to `sampleSize` questions of each task by `seed` alone.
    ///
    /// With `changesPrompts` each is asked without its prompt, too, and with one of another task.
    init(
        _ dataset: some FeatureDataset, outputs: ModelOutputs, wordings: PromptWordings?,
        defaultPrompt: String, changesPrompts: Bool, seed: UInt64
    ) {
        let (labels, ownPrompts) = (dataset.labels, dataset.prompts)
        let sample = Self.sample(dataset, outputs, seed)
        let byTask = outputs.tasks.map { wordings?.task(named: $0.task) }
        var counts = [Int](repeating: 0, count: outputs.tasks.count)
        let asked = sample.map { question in
            let task = outputs.task(of: labels[question])
            defer { counts[task] += 1 }
            if let wordings = byTask[task] {
                return wordings.training[counts[task] % wordings.training.count]
            }
            return ownPrompts[question].isEmpty ? defaultPrompt : ownPrompts[question]
        }
        let others = Self.promptsOfOtherTasks(
            sample.map { outputs.task(of: labels[$0]) }, asked, numTasks: outputs.tasks.count)
        let random = CounterRandom(seed: seed, stream: Self.stream)
        for (question, prompt) in zip(sample, asked) {
            let task = outputs.task(of: labels[question])
            func ask(_ prompt: String, _ purpose: Purpose) {
                rows.append(Row(question: question, purpose: purpose, prompt: prompt))
            }
            ask(prompt, .asItIs)
            if changesPrompts {
                ask("", .change(.noPrompt))
                let others = others[task]
                if !others.isEmpty {
                    let place = random.bits(UInt64(question)) % UInt64(others.count)
                    ask(others[Int(place)], .change(.otherPrompt))
                }
            }
            for (number, list) in (byTask[task]?.heldOut ?? []).enumerated() {
                for prompt in list.prompts { ask(prompt, .heldOut(list: number)) }
            }
        }
    }

    /// The rows of the questions as they are, to be asked with other frames.
    func rows(changing change: TaskProbes.Change) -> [Row] {
        rows.filter { $0.purpose == .asItIs }.map {
            Row(question: $0.question, purpose: .change(change), prompt: $0.prompt)
        }
    }

    /// Questions of clips drawn by `seed`, in the order of the dataset.
    private static func sample(
        _ dataset: some FeatureDataset, _ outputs: ModelOutputs, _ seed: UInt64
    ) -> [Int] {
        let labels = dataset.labels
        var counts = [Int](repeating: 0, count: outputs.tasks.count)
        let order = BatchSampler(clipIndices: dataset.clipIndices, seed: seed).order(epoch: 0)
        return order.filter { question in
            let task = outputs.task(of: labels[question])
            counts[task] += 1
            return counts[task] <= sampleSize
        }.sorted()
    }

    /// The different prompts of all other tasks, for each task, without its own.
    private static func promptsOfOtherTasks(
        _ tasks: [Int], _ prompts: [String], numTasks: Int
    ) -> [[String]] {
        var own = [Set<String>](repeating: [], count: numTasks)
        for (task, prompt) in zip(tasks, prompts) { own[task].insert(prompt) }
        return own.indices.map { task in
            own.indices.filter { $0 != task }.reduce(into: Set<String>()) {
                $0.formUnion(own[$1])
            }.subtracting(own[task]).sorted()
        }
    }
}

import Files
public import Manifests
public import Recipes

/// A clip and what is asked about it.
public struct AskedClip: Sendable {
    /// The clip; its video is a path from here, or an address.
    public let clip: Clip
    /// The questions, each once.
    public private(set) var questions: [AskedQuestion]
    /// Why they cannot be asked, if that is clear beforehand.
    public let problem: String?

    init(_ clip: Clip, _ questions: [AskedQuestion], problem: String? = nil) {
        self.clip = clip
        self.questions = questions
        self.problem = problem
    }

    fileprivate mutating func ask(_ more: [AskedQuestion]) {
        for question in more where !questions.contains(where: { $0.hasSameBytes(as: question) }) {
            questions.append(question)
        }
    }
}

/// The clips that a user names: video files, folders, manifests and web addresses.
///
/// A folder stands for all videos at any depth below it. Of a manifest (a name that ends in `.csv`
/// or `.tsv`) each row is a clip with its own question; rows about one clip are put together where
/// the first of them stands. Its labels and splits do not count.
public struct AskedClips: Sendable {
    /// The clips in order.
    public private(set) var clips: [AskedClip] = []
    /// Hosts and credentials of the web addresses.
    public private(set) var addresses = WebAddresses()
    private let choice: QuestionChoice

    /// Finds the clips that `names` stand for.
    /// - Parameters:
    ///   - names: Files, folders, manifests and addresses.
    ///   - root: Where a manifest's paths begin; `nil` for its own folder.
    ///   - choice: What is asked about them.
    /// - Throws: `ManifestError`, as `Manifest` and `videos(below:)` throw it.
    public init(
        _ names: [String], root: String?, asking choice: QuestionChoice
    ) throws(ManifestError) {
        self.choice = choice
        for name in names { try add(name, root: root) }
    }

    private mutating func add(_ name: String, root: String?) throws(ManifestError) {
        if isDirectory(name) { return try addFolder(name) }
        let lowercase = name.lowercased()
        let isRemote = Clip(video: name).isRemote
        if !isRemote, lowercase.hasSuffix(".csv") || lowercase.hasSuffix(".tsv") {
            return addRows(
                of: try Manifest(path: name, for: .prediction),
                folder: root ?? parentDirectory(of: name))
        }
        var names = [name]
        addresses.formUnion(WebAddresses(takingCredentialsOutOf: &names))
        clips += names.map { AskedClip(Clip(video: $0), choice.usual) }
    }

    private mutating func addFolder(_ path: String) throws(ManifestError) {
        let found = try videos(below: path)
        clips += found.map { AskedClip(Clip(video: $0), choice.usual) }
        if found.isEmpty {
            clips.append(
                AskedClip(
                    Clip(video: path), choice.usual,
                    problem: "There are no videos in this folder; name one that has some."))
        }
    }

    /// Adds rows and rejected rows in the order of the file.
    private mutating func addRows(of manifest: Manifest, folder: String) {
        addresses.formUnion(manifest.addresses)
        var places: [ClipKey: Int] = [:]
        var rejected = manifest.rejectedRows[...]
        func path(_ video: String) -> String {
            let isWhole = video.hasPrefix("/") || Clip(video: video).isRemote || video.isEmpty
            return isWhole || folder == "." ? video : "\(folder)/\(video)"
        }
        func takeRejected(before number: Int) -> [AskedClip] {
            var taken: [AskedClip] = []
            while let row = rejected.first, row.number < number {
                rejected.removeFirst()
                taken.append(
                    AskedClip(
                        Clip(video: path(manifest.video(of: row))),
                        [AskedQuestion(task: "", prompt: "")], problem: row.detail))
            }
            return taken
        }
        for row in manifest.rows {
            clips += takeRejected(before: row.number)
            let clip = Clip(video: path(row.video), start: row.clip.start, end: row.clip.end)
            let questions: [AskedQuestion]
            do throws(TrainingError) {
                questions = try own(row)
            } catch {
                clips.append(
                    AskedClip(
                        clip, [AskedQuestion(task: row.task, prompt: row.prompt)],
                        problem: "\(manifest.name), line \(row.line): \(error)"))
                continue
            }
            if let place = places[clip.key] {
                clips[place].ask(questions)
            } else {
                places[clip.key] = clips.count
                clips.append(AskedClip(clip, questions))
            }
        }
        clips += takeRejected(before: .max)
    }

    /// The questions of a row.
    ///
    /// One without a task says that it is in the task called `default`.
    private func own(_ row: ManifestRow) throws(TrainingError) -> [AskedQuestion] {
        if choice.replacesOwnQuestions { return choice.usual }
        let task = row.task
        let isNamed = task != Question.defaultTask || choice.hasTask(task)
        return try choice.questions(task: isNamed ? task : nil, prompt: row.prompt)
    }
}

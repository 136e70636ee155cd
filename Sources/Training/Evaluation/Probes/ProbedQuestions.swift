import Tensors

/// Questions of a dataset that are asked again, with other prompts or about clips whose frames were
/// exchanged while their times stay in place.
struct ProbedQuestions<Base: FeatureDataset>: FeatureDataset {
    let tokensPerClip: Int
    let hiddenSize: Int
    let labels: [Int]
    let keys: [String]
    let videos: [String]
    let prompts: [String]
    let groups: [String]
    let clipIndices: [Int]
    private let base: Base
    private let questions: [Int]
    private let frames: FrameExchange?

    /// Asks `questions` of `base`, which may stand there several times, with `prompts`.
    init(_ base: Base, _ questions: [Int], prompts: [String], frames: FrameExchange? = nil) {
        self.base = base
        self.questions = questions
        self.frames = frames
        self.prompts = prompts
        tokensPerClip = base.tokensPerClip
        hiddenSize = base.hiddenSize
        func chosen<Value>(_ values: [Value]) -> [Value] { questions.map { values[$0] } }
        labels = chosen(base.labels)
        keys = chosen(base.keys)
        videos = chosen(base.videos)
        groups = chosen(base.groups)
        clipIndices = chosen(base.clipIndices)
    }

    func readFeatures(of index: Int, into values: inout MutableSpan<Float>) throws {
        guard let frames else {
            return try base.readFeatures(of: questions[index], into: &values)
        }
        let original = try base.features(of: questions[index])
        let size = original.count / frames.numFrames
        for (place, frame) in frames.order(clip: clipIndices[index]).enumerated() {
            for offset in 0..<size {
                values[place * size + offset] = original[frame * size + offset]
            }
        }
    }

    func frameTimes(of index: Int) throws -> [Double]? {
        try base.frameTimes(of: questions[index])
    }
}

/// Which frame of a clip stands in each place.
struct FrameExchange: Sendable {
    let change: TaskProbes.Change
    /// Frames of a clip, at least 2.
    let numFrames: Int
    let seed: UInt64

    /// Above the streams of orders and dropout masks, below that of wordings.
    private static let stream: UInt64 = 1 << 62

    /// The frame in each place of clip number `clip`.
    func order(clip: Int) -> [Int] {
        let frames = Array(0..<numFrames)
        return switch change {
        case .reversed: frames.reversed()
        case .middleFrame: frames.map { _ in (numFrames - 1) / 2 }
        case .shuffled: shuffled(frames, clip: clip)
        case .noPrompt, .otherPrompt: frames
        }
    }

    /// Another order than that of `frames`.
    private func shuffled(_ frames: [Int], clip: Int) -> [Int] {
        let random = CounterRandom(seed: seed, stream: Self.stream | UInt64(clip))
        var order = frames
        var position: UInt64 = 0
        repeat {
            for index in stride(from: numFrames - 1, to: 0, by: -1) {
                order.swapAt(index, Int(random.bits(position) % UInt64(index + 1)))
                position += 1
            }
        } while order == frames
        return order
    }
}

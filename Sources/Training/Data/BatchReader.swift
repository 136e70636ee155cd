import Dispatch
import Models
import Synchronization

/// Reads batches of frame tokens, each while the one before it is computed.
struct BatchReader<Questions: FeatureDataset> {
    private let questions: Questions
    private let clipIndices: [Int]
    private let reading: ClipReading
    private var pending: (indices: ArraySlice<Int>, tokens: Deferred<FrameTokens>)?
    /// Seconds that the training waited for data.
    private(set) var secondsWaited = 0.0

    init(_ questions: Questions, _ reading: ClipReading) {
        self.questions = questions
        clipIndices = questions.clipIndices
        self.reading = reading
    }

    /// The frame tokens of the questions `indices`; begins to read those of `next`.
    ///
    /// A clip is read and packed once for all its questions.
    /// - Throws: What reading throws.
    mutating func tokens(
        of indices: ArraySlice<Int>, next: ArraySlice<Int>?
    ) throws -> FrameTokens {
        let clock = ContinuousClock()
        let start = clock.now
        let current = pending.flatMap { $0.indices == indices ? $0.tokens : nil } ?? read(indices)
        pending = nil
        let tokens = try current.value()
        secondsWaited += (clock.now - start) / Duration.seconds(1)
        pending = next.map { ($0, read($0)) }
        return tokens
    }

    private func read(_ indices: ArraySlice<Int>) -> Deferred<FrameTokens> {
        let (questions, reading) = (questions, reading)
        let identities = indices.map { clipIndices[$0] }
        return Deferred {
            try reading.frameTokens(
                numClips: indices.count, tokensPerClip: questions.tokensPerClip,
                identities: identities,
                times: { try questions.frameTimes(of: indices[indices.startIndex + $0]) }
            ) { try questions.features(of: indices[indices.startIndex + $0]) }
        }
    }
}

/// A value that another thread is computing.
private final class Deferred<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let done = DispatchGroup()

    init(_ body: @escaping @Sendable () throws -> Value) {
        done.enter()
        DispatchQueue.global().async {
            let result = Result { try body() }
            self.result.withLock { $0 = result }
            self.done.leave()
        }
    }

    /// Waits for the value; it is handed out once.
    func value() throws -> Value {
        done.wait()
        let result = result.withLock { $0.take() }
        guard let result else { preconditionFailure("a value was asked for twice") }
        return try result.get()
    }
}

import Dispatch
import Models
import Synchronization
import Tensors

/// Lets several trainings on one dataset go on side by side: they read and pack a batch once for all
/// that need it, and take turns at the processors.
///
/// Results do not depend on it: batches are the same whoever reads them, and products have the same
/// bits on any number of threads. A training works on one thread, since several small trainings keep
/// the processors busier than one with its products divided. Those that are behind go first, so that
/// trainings that visit the clips in the same order stay at the same batch.
public final class SweepSchedule: Sendable {
    private struct Turn {
        let step: Int
        let ticket: Int
        let signal: DispatchSemaphore
    }

    private struct State {
        var freeProcessors: Int
        var members: Int
        var tickets = 0
        var waiting: [Turn] = []
    }

    /// A batch that was read, or is being read.
    private struct Batch {
        let clips: [String]
        let shape: QFormerConfiguration
        let precision: TrainingPrecision
        let tokens: Deferred<FrameTokens>
    }

    private let processors: Int
    private let maximumBatches: Int
    private let state: Mutex<State>
    /// The one used last is last.
    private let batches = Mutex<[Batch]>([])

    /// - Parameters:
    ///   - members: Trainings that will go on.
    ///   - processors: How many of them work at once.
    ///   - orders: In how many different orders they visit the clips.
    public init(members: Int, processors: Int, orders: Int) {
        precondition(members > 0 && processors > 0 && orders > 0)
        self.processors = processors
        // Of each order this batch and the next one, and those of trainings that lag behind.
        maximumBatches = 2 * orders + processors
        state = Mutex(State(freeProcessors: processors, members: members))
    }

    /// Trainings that wait for a turn.
    var numWaiting: Int { state.withLock { $0.waiting.count } }

    /// Waits for a turn; of those that wait the training with the fewest updates is next.
    fileprivate func begin(step: Int) {
        let signal = state.withLock { state -> DispatchSemaphore? in
            guard state.freeProcessors == 0 else {
                state.freeProcessors -= 1
                return nil
            }
            let turn = Turn(step: step, ticket: state.tickets, signal: DispatchSemaphore(value: 0))
            state.tickets += 1
            state.waiting.append(turn)
            return turn.signal
        }
        signal?.wait()
        let members = state.withLock { $0.members }
        MathThreads.limitThisThread(to: max(1, processors / max(1, members)))
    }

    /// Ends a turn, and the training if `isLast`.
    fileprivate func end(isLast: Bool, hadTurn: Bool) {
        state.withLock { state in
            if isLast { state.members -= 1 }
            guard hadTurn else { return }
            let next = state.waiting.indices.min {
                let (one, other) = (state.waiting[$0], state.waiting[$1])
                return (one.step, one.ticket) < (other.step, other.ticket)
            }
            guard let next else { return state.freeProcessors += 1 }
            state.waiting.remove(at: next).signal.signal()
        }
    }

    /// The batch of `clips` for a Q-Former of the shape `qformer`, which `read` begins to read unless
    /// that has been done.
    fileprivate func batch(
        of clips: [String], _ qformer: QFormerConfiguration, _ precision: TrainingPrecision,
        read: () -> Deferred<FrameTokens>
    ) -> Deferred<FrameTokens> {
        // Packing does not depend on the rest.
        var shape = qformer
        shape.numHiddenLayers = 1
        shape.text = nil
        shape.standardization = nil
        return batches.withLock { batches in
            let known = batches.firstIndex {
                $0.clips == clips && $0.precision == precision && $0.shape == shape
            }
            let batch =
                known.map { batches.remove(at: $0) }
                ?? Batch(clips: clips, shape: shape, precision: precision, tokens: read())
            batches.append(batch)
            if batches.count > maximumBatches { batches.removeFirst() }
            return batch.tokens
        }
    }
}

/// The place of one training in a `SweepSchedule`, used by the thread of that training alone.
public final class SweepMember: Sendable {
    private let schedule: SweepSchedule
    private let hasTurn = Atomic<Bool>(false)
    private let step: Atomic<Int>

    /// - Parameters:
    ///   - schedule: That of all trainings.
    ///   - step: Updates that this one has done.
    public init(_ schedule: SweepSchedule, step: Int) {
        self.schedule = schedule
        self.step = Atomic(step)
    }

    /// Notes that `step` updates are done.
    public func advance(to step: Int) { self.step.store(step, ordering: .relaxed) }

    /// Waits for a turn to compute.
    func beginTurn() {
        schedule.begin(step: step.load(ordering: .relaxed))
        hasTurn.store(true, ordering: .relaxed)
    }

    /// Lets another training compute.
    func endTurn() {
        schedule.end(isLast: false, hadTurn: hasTurn.exchange(false, ordering: .relaxed))
    }

    /// Notes that the training is over.
    public func finish() {
        schedule.end(isLast: true, hadTurn: hasTurn.exchange(false, ordering: .relaxed))
    }

    /// A batch, read once for all trainings.
    func batch(
        of clips: [String], _ qformer: QFormerConfiguration, _ precision: TrainingPrecision,
        read: () -> Deferred<FrameTokens>
    ) -> Deferred<FrameTokens> {
        schedule.batch(of: clips, qformer, precision, read: read)
    }
}

import Recipes
import Synchronization
import VideoDecoding

/// Where clips are decoded.
public enum ClipIsolation: Sendable, Equatable {
    /// In this process: for debugging, and for tests of other things.
    case none
    /// In processes that run `executable`, each bounded to `memoryBytes` of address space.
    case processes(executable: String, memoryBytes: Int)
}

/// The decoders of a run: at most `count` workers, each replaced when it dies.
final class ClipWorkers: Sendable {
    /// A worker and the number of jobs that it was given and has not answered.
    private struct Load {
        let worker: WorkerProcess
        var jobs = 0
    }

    /// Jobs that may be under way for each worker: one more than it works on, so that it never waits
    /// for this process.
    static let jobsPerWorker = 2

    private let recipe: ClipRecipe
    private let timeoutSeconds: Double
    let isolation: ClipIsolation
    private let count: Int
    private let loads = Mutex<[Load]>([])

    /// Starts `count` workers right away, or fails with `PipelineError.worker`.
    init(
        _ recipe: ClipRecipe, timeoutSeconds: Double, isolation: ClipIsolation, count: Int
    ) throws {
        self.recipe = recipe
        self.timeoutSeconds = timeoutSeconds
        self.isolation = isolation
        self.count = max(1, count)
        for _ in 0..<count {
            guard let worker = try spawn() else { return }
            loads.withLock { $0.append(Load(worker: worker)) }
        }
    }

    /// Jobs that keep `workers` workers busy.
    static func inFlight(_ isolation: ClipIsolation, workers: Int) -> Int {
        isolation == .none ? workers : jobsPerWorker * workers
    }

    /// Decodes one clip of the video at `path`.
    /// - Throws: `PipelineError.worker` if no worker can be started.
    func make(path: String, _ clip: Clip) async throws -> Result<MadeClip, ClipFault> {
        try await run(.make(path: path, clip)).flatMap { result in
            guard case .made(let clip) = result else { return .failure(.strangeReply) }
            return .success(clip)
        }
    }

    /// Looks at the packets of the video at `path`.
    /// - Throws: `PipelineError.worker` if no worker can be started.
    func survey(path: String) async throws -> Result<VideoSurvey, ClipFault> {
        try await run(.survey(path: path)).flatMap { result in
            guard case .surveyed(let survey) = result else { return .failure(.strangeReply) }
            return .success(survey)
        }
    }

    /// Does one job.
    ///
    /// If its worker dies it is tried once more with a new one: what killed the worker may have come
    /// from outside, such as an operator or the system short of memory. A clip that hangs is not
    /// tried again.
    private func run(_ job: WorkerJob) async throws -> Result<WorkerResult, ClipFault> {
        guard case .processes = isolation else { return runInProcess(job) }
        let result = try await exchange(job)
        guard case .failure(let fault) = result, fault.kind == .crash else { return result }
        return try await exchange(job).mapError { fault in
            var fault = fault
            fault.attempts = 2
            return fault
        }
    }

    private func exchange(_ job: WorkerJob) async throws -> Result<WorkerResult, ClipFault> {
        var failedStarts = 0
        while true {
            let worker = try borrow()
            let exchange = await worker.run(job)
            giveBack(worker, exchange)
            switch exchange {
            case .answered(let result): return result
            case .died(let fault): return .failure(fault)
            case .notTried: continue
            case .failedToStart(let reason):
                failedStarts += 1
                // One may have been killed from outside; three are no accident.
                if failedStarts == 3 { throw PipelineError.worker(reason: reason) }
            }
        }
    }

    /// The worker with the fewest jobs, or a new one where one is missing.
    private func borrow() throws -> WorkerProcess {
        try loads.withLock { loads in
            if loads.count < count, let worker = try spawn() { loads.append(Load(worker: worker)) }
            guard let index = loads.indices.min(by: { loads[$0].jobs < loads[$1].jobs }) else {
                throw PipelineError.worker(reason: "there is none")
            }
            loads[index].jobs += 1
            return loads[index].worker
        }
    }

    private func giveBack(_ worker: WorkerProcess, _ exchange: WorkerProcess.Exchange) {
        loads.withLock { loads in
            guard let index = loads.firstIndex(where: { $0.worker === worker }) else { return }
            if case .answered = exchange {
                loads[index].jobs -= 1
            } else {
                loads.remove(at: index)
            }
        }
    }

    private func spawn() throws -> WorkerProcess? {
        guard case .processes(let executable, let memoryBytes) = isolation else { return nil }
        return try WorkerProcess(
            executable: executable,
            setup: WorkerSetup(
                recipe: recipe, timeoutSeconds: timeoutSeconds, memoryBytes: memoryBytes))
    }

    private func runInProcess(_ job: WorkerJob) -> Result<WorkerResult, ClipFault> {
        do {
            var maker = try ClipMaker(recipe, timeoutSeconds: timeoutSeconds)
            return maker.run(job)
        } catch {
            return .failure(ClipFault(reason: "not-stored", stage: "store", detail: "\(error)"))
        }
    }
}

extension ClipFault {
    /// A worker answered another question than it was asked.
    fileprivate static let strangeReply = ClipFault(
        kind: .crash, reason: crashReason, stage: "decode",
        detail: "The decoder process gave no sensible answer; re-encode the video.")
}

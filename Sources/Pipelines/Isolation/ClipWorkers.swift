import CWorker
import Files
import Foundation
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

    /// Jobs that may be under way for each worker: one more than it works on, so that it never
    /// waits for this process.
    static let jobsPerWorker = 2

    private let setup: WorkerSetup
    let isolation: ClipIsolation
    private let count: Int
    private let loads = Mutex<(workers: [Load], starting: Int)>(([], 0))

    /// Starts `count` workers right away, or fails with `PipelineError.worker`.
    /// - Parameters:
    ///   - recipe: How clips become samples.
    ///   - timeoutSeconds: Limit of processor time of one clip.
    ///   - isolation: Where clips are decoded.
    ///   - count: How many workers.
    ///   - hosts: Hosts of videos behind web addresses; if there are none, workers get no network.
    /// - Throws: `PipelineError.worker`.
    init(
        _ recipe: ClipRecipe, timeoutSeconds: Double, isolation: ClipIsolation, count: Int,
        hosts: Set<String>
    ) throws {
        vb_keep_freed_memory()
        var setup = WorkerSetup(recipe: recipe, timeoutSeconds: timeoutSeconds, memoryBytes: 0)
        if case .processes(_, let bytes) = isolation { setup.memoryBytes = bytes }
        setup.allowsNetwork = !hosts.isEmpty
        setup.redirectHosts = hosts
        self.setup = setup
        self.isolation = isolation
        self.count = max(1, count)
        for _ in 0..<count {
            guard let worker = try spawn() else { return }
            loads.withLock { $0.workers.append(Load(worker: worker)) }
        }
    }

    /// Jobs that keep `workers` workers busy.
    static func inFlight(_ isolation: ClipIsolation, workers: Int) -> Int {
        isolation == .none ? workers : jobsPerWorker * workers
    }

    /// Decodes one clip of `video`.
    /// - Throws: `PipelineError.worker` if no worker can be started or the machine is at fault.
    func make(_ video: OpenVideo, _ clip: Clip) async throws -> Result<MadeClip, ClipFault> {
        try await run(.make(path: video.path, clip), on: video.file).flatMap { result in
            guard case .made(let clip) = result else { return .failure(.strangeReply) }
            return .success(clip)
        }
    }

    /// Looks at the packets of `video`.
    /// - Throws: as `make`.
    func survey(_ video: OpenVideo) async throws -> Result<VideoSurvey, ClipFault> {
        try await run(.survey(path: video.path), on: video.file).flatMap { result in
            guard case .surveyed(let survey) = result else { return .failure(.strangeReply) }
            return .success(survey)
        }
    }

    /// What the server of `video`, which is behind a web address, says about it.
    /// - Throws: as `make`.
    func stamp(_ video: OpenVideo) async throws -> Result<RemoteStamp, ClipFault> {
        try await run(.stamp(path: video.path), on: video.file).flatMap { result in
            guard case .stamped(let stamp) = result else { return .failure(.strangeReply) }
            return .success(stamp)
        }
    }

    /// Does one job.
    ///
    /// If its worker dies it is tried once more with a new one: what killed the worker may have
    /// come from outside, such as an operator or the system short of memory. A clip that hangs is
    /// not tried again.
    private func run(
        _ job: WorkerJob, on file: ReadableFile
    ) async throws -> Result<WorkerResult, ClipFault> {
        guard case .processes = isolation else { return runInProcess(job, file) }
        var result = try await exchange(job, file)
        if case .failure(let fault) = result, [.crash, .killed].contains(fault.kind) {
            result = try await exchange(job, file).mapError { fault in
                var fault = fault
                fault.attempts = 2
                return fault
            }
        }
        if case .failure(let fault) = result, fault.kind == .machine {
            throw PipelineError.worker(reason: fault.detail)
        }
        return result
    }

    private func exchange(
        _ job: WorkerJob, _ file: ReadableFile
    ) async throws -> Result<WorkerResult, ClipFault> {
        var failedStarts = 0
        while true {
            let worker = try borrow()
            let exchange = await worker.run(job, on: file)
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
        let idle = loads.withLock { loads -> WorkerProcess? in
            // Starting one takes a while, so nobody waits for it here.
            if loads.workers.count + loads.starting < count {
                loads.starting += 1
                return nil
            }
            guard
                let index = loads.workers.indices.min(by: {
                    loads.workers[$0].jobs < loads.workers[$1].jobs
                })
            else {
                loads.starting += 1
                return nil
            }
            loads.workers[index].jobs += 1
            return loads.workers[index].worker
        }
        if let idle { return idle }
        let started = Result { try spawn() }
        loads.withLock { loads in
            loads.starting -= 1
            // One that was started because all others were starting serves this job only.
            if case .success(let worker?) = started, loads.workers.count < count {
                loads.workers.append(Load(worker: worker, jobs: 1))
            }
        }
        guard let worker = try started.get() else {
            throw PipelineError.worker(reason: "there is none")
        }
        return worker
    }

    private func giveBack(_ worker: WorkerProcess, _ exchange: WorkerProcess.Exchange) {
        loads.withLock { loads in
            guard let index = loads.workers.firstIndex(where: { $0.worker === worker }) else {
                return
            }
            if case .answered = exchange {
                loads.workers[index].jobs -= 1
            } else {
                loads.workers.remove(at: index)
            }
        }
    }

    private func spawn() throws -> WorkerProcess? {
        guard case .processes(let executable, _) = isolation else { return nil }
        return try WorkerProcess(executable: executable, setup: setup)
    }

    private func runInProcess(
        _ job: WorkerJob, _ file: ReadableFile
    ) -> Result<WorkerResult, ClipFault> {
        do {
            var maker = try ClipMaker(
                setup.recipe, timeoutSeconds: setup.timeoutSeconds,
                redirectHosts: setup.redirectHosts)
            let descriptor = dup(file.descriptor)
            guard descriptor >= 0 else {
                throw PipelineError.worker(reason: String(cString: strerror(errno)))
            }
            return maker.run(job, descriptor: descriptor)
        } catch {
            return .failure(ClipFault(reason: "not-stored", stage: "store", detail: "\(error)"))
        }
    }
}

extension ClipFault {
    /// A worker's reply does not match its job; one that a hostile file has taken over can send
    /// anything.
    static let strangeReply = ClipFault(
        kind: .crash, reason: Retried.crash.rawValue, stage: "decode",
        detail: "The decoder process gave no sensible answer; re-encode the video.")
}

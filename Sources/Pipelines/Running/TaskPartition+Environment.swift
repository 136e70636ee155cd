/// Which part of a job is this process's own, according to the scheduler that started it.
public struct TaskEnvironment: Sendable, Equatable, CustomStringConvertible {
    /// 0-based number of this process; where `count` is `nil`, the one that the scheduler gave it.
    public let index: Int
    /// Processes that share the job; `nil` if that, or the place among them, is not known.
    public let count: Int?
    /// Approximate number of processes, as far as it is known.
    public let estimatedCount: Int
    /// The environment variables that this was read from.
    public let source: String

    /// Reads what launchers and job arrays have set; the ranks of a launcher divide the part of an
    /// array's task.
    /// - Returns: `nil` if none of them runs this process.
    public init?(_ variables: [String: String]) {
        func first(of schedulers: [Scheduler]) -> (scheduler: Scheduler, place: Place)? {
            for scheduler in schedulers {
                let place = scheduler.place { name in variables[name].flatMap { Int($0) } }
                if let place { return (scheduler, place) }
            }
            return nil
        }
        let (rank, array) = (first(of: Self.launchers), first(of: Self.arrays))
        let sources = [array, rank].compactMap { $0?.scheduler.index }
        guard !sources.isEmpty else { return nil }
        source = sources.joined(separator: " and ")
        let ranks = rank?.place.count ?? 1
        index = (array?.place.index ?? 0) * ranks + (rank?.place.index ?? 0)
        count = array.map { $0.place.count.map { $0 * ranks } } ?? ranks
        estimatedCount = (array?.place.estimatedCount ?? 1) * ranks
    }

    /// What to say at the start.
    public var description: String {
        guard let count else {
            return
                "\(source) says \(index), but not which part of the job that is: this task claims "
                + "shards that nobody works on (or add --task-count)."
        }
        return "Task \(index) of \(count), numbered from 0, as \(source) says."
    }
}

// MARK: - The table of schedulers

extension TaskEnvironment {
    /// The place of a process among those of one scheduler.
    fileprivate struct Place {
        let index: Int
        let count: Int?
        var estimatedCount: Int { count ?? hint }
        var hint = 16
    }

    /// A scheduler: the variable that holds the index, and how the place follows.
    fileprivate struct Scheduler: Sendable {
        let index: String
        let place: @Sendable ((String) -> Int?) -> Place?

        /// One that gives an index from 0, and in `count`, if it says so, how many there are.
        init(_ index: String, count: String? = nil) {
            self.index = index
            place = { number in
                guard let found = number(index), found >= 0 else { return nil }
                guard let count else { return Place(index: found, count: nil) }
                return number(count).map { Place(index: found, count: $0) }
            }
        }

        /// A job array, whose indices go from `first` to `last` by `step`, if there are so many.
        init(array index: String, first: String, last: String, step: String, count: String?) {
            self.index = index
            place = { number in
                guard let found = number(index), let first = number(first),
                    let last = number(last), first <= found, found <= last
                else { return nil }
                let step = max(1, number(step) ?? 1)
                let regular = (last - first) / step + 1
                let actual = count.flatMap(number) ?? regular
                // Indices with gaps, or just one, are some of an earlier array tried again.
                guard actual == regular, actual > 1 else {
                    return Place(index: found, count: nil, hint: max(1, actual))
                }
                return Place(index: (found - first) / step, count: actual)
            }
        }
    }

    /// What starts several processes at once, the innermost first: mpirun starts its ranks through
    /// srun, whose variables then count mpirun's own helpers.
    ///
    /// srun alone sets `SLURM_STEP_NUM_TASKS`: the batch script has a rank, too, but runs once.
    /// Source: the manuals of Open MPI, MPICH and Intel MPI, MVAPICH2, Flux, LSF's jsrun and Slurm.
    private static let launchers = [
        Scheduler("OMPI_COMM_WORLD_RANK", count: "OMPI_COMM_WORLD_SIZE"),
        Scheduler("MV2_COMM_WORLD_RANK", count: "MV2_COMM_WORLD_SIZE"),
        Scheduler("PMI_RANK", count: "PMI_SIZE"),
        Scheduler("JSM_NAMESPACE_RANK", count: "JSM_NAMESPACE_SIZE"),
        Scheduler("FLUX_TASK_RANK", count: "FLUX_JOB_SIZE"),
        Scheduler("SLURM_PROCID", count: "SLURM_STEP_NUM_TASKS"),
    ]

    /// What starts a process many times with different numbers.
    ///
    /// Source: the manuals of Slurm, Grid Engine, PBS, LSF, AWS Batch, Google Batch and Cloud Run,
    /// Kubernetes.
    private static let arrays = [
        Scheduler(
            array: "SLURM_ARRAY_TASK_ID", first: "SLURM_ARRAY_TASK_MIN",
            last: "SLURM_ARRAY_TASK_MAX", step: "SLURM_ARRAY_TASK_STEP",
            count: "SLURM_ARRAY_TASK_COUNT"),
        Scheduler(
            array: "SGE_TASK_ID", first: "SGE_TASK_FIRST", last: "SGE_TASK_LAST",
            step: "SGE_TASK_STEPSIZE", count: nil),
        Scheduler("PBS_ARRAY_INDEX"),
        Scheduler("PBS_ARRAYID"),
        Scheduler("AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE"),
        Scheduler("BATCH_TASK_INDEX", count: "BATCH_TASK_COUNT"),
        Scheduler("CLOUD_RUN_TASK_INDEX", count: "CLOUD_RUN_TASK_COUNT"),
        Scheduler("JOB_COMPLETION_INDEX"),
        Scheduler(lsfArray: "LSB_JOBINDEX"),
    ]
}

extension TaskEnvironment.Scheduler {
    /// LSF, where 0 means that there is no array, and whose arrays may have gaps.
    fileprivate init(lsfArray index: String) {
        self.index = index
        place = { number in
            guard let found = number(index), found > 0 else { return nil }
            return TaskEnvironment.Place(index: found, count: nil)
        }
    }
}

/// Where a scheduler told this process which part of the job is its own.
public struct TaskEnvironment: Sendable, Equatable {
    /// 0-based number of this process.
    public let index: Int
    /// Processes that share the job; `nil` if the scheduler does not say.
    public let count: Int?
    /// The variable that told.
    public let source: String

    /// Variables of index and count, in the order in which they are looked for.
    ///
    /// Source: the manuals of Open MPI, AWS Batch, Google Batch and Cloud Run, Kubernetes.
    private static let schedulers: [(index: String, count: String?)] = [
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
        ("BATCH_TASK_INDEX", "BATCH_TASK_COUNT"),
        ("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT"),
        ("JOB_COMPLETION_INDEX", nil),
    ]

    /// Reads the variables of Slurm arrays, `srun`, Open MPI, AWS Batch, Google Batch and Kubernetes
    /// Indexed Jobs.
    /// - Returns: `nil` if none of them runs this process.
    public init?(_ variables: [String: String]) {
        func number(_ name: String?) -> Int? { name.flatMap { variables[$0] }.flatMap { Int($0) } }
        if let array = Self.slurm(number) {
            self = array
            return
        }
        for (indexName, countName) in Self.schedulers {
            guard let index = number(indexName), index >= 0 else { continue }
            if countName != nil, number(countName) == nil { continue }
            self.init(index: index, count: number(countName), source: indexName)
            return
        }
        return nil
    }

    private init(index: Int, count: Int?, source: String) {
        self.index = index
        self.count = count
        self.source = source
    }

    /// Tasks of an array, each of which `srun` may have multiplied.
    ///
    /// Source: the manuals of sbatch and srun. `SLURM_STEP_NUM_TASKS` is set by srun only: the batch
    /// script itself has a rank, too, but runs once.
    private static func slurm(_ number: (String?) -> Int?) -> TaskEnvironment? {
        let ranks = number("SLURM_STEP_NUM_TASKS") ?? 1
        let rank = ranks > 1 ? number("SLURM_PROCID") ?? 0 : 0
        if let task = number("SLURM_ARRAY_TASK_ID"), let tasks = number("SLURM_ARRAY_TASK_COUNT") {
            let first = number("SLURM_ARRAY_TASK_MIN") ?? 0
            let step = max(1, number("SLURM_ARRAY_TASK_STEP") ?? 1)
            return TaskEnvironment(
                index: (task - first) / step * ranks + rank, count: tasks * ranks,
                source: "SLURM_ARRAY_TASK_ID")
        }
        guard ranks > 1 else { return nil }
        return TaskEnvironment(index: rank, count: ranks, source: "SLURM_PROCID")
    }
}

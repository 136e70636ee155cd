import Testing

@testable import Pipelines

struct TaskEnvironmentTests {
    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let variables: [String: String]
        let index: Int?
        let count: Int?
    }

    static let cases = [
        Case(description: "no scheduler", variables: ["SLURM_NTASKS": "4"], index: nil, count: nil),
        Case(
            description: "Slurm array 10-30:10",
            variables: [
                "SLURM_ARRAY_TASK_ID": "20", "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_STEP": "10",
            ], index: 1, count: 3),
        Case(
            description: "srun", variables: ["SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4"],
            index: 2, count: 4),
        Case(
            description: "srun in a Slurm array",
            variables: [
                "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "2",
                "SLURM_ARRAY_TASK_MIN": "0", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "3",
            ], index: 4, count: 6),
        Case(
            description: "batch script of a Slurm job with many tasks",
            variables: ["SLURM_PROCID": "0", "SLURM_NTASKS": "4"], index: nil, count: nil),
        Case(
            description: "Open MPI",
            variables: ["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"], index: 1,
            count: 2),
        Case(
            description: "AWS Batch",
            variables: ["AWS_BATCH_JOB_ARRAY_INDEX": "5", "AWS_BATCH_JOB_ARRAY_SIZE": "9"],
            index: 5,
            count: 9),
        Case(
            description: "Google Batch",
            variables: ["BATCH_TASK_INDEX": "0", "BATCH_TASK_COUNT": "7"],
            index: 0, count: 7),
        Case(
            description: "Kubernetes Indexed Job", variables: ["JOB_COMPLETION_INDEX": "3"],
            index: 3,
            count: nil),
    ]

    @Test(arguments: cases)
    func readsWhatSchedulersSay(_ example: Case) {
        let found = TaskEnvironment(example.variables)
        #expect(found?.index == example.index && found?.count == example.count)
    }
}

import Testing

@testable import Pipelines

struct TaskEnvironmentTests {
    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let variables: [String: String]
        let index: Int?
        let count: Int?
        var estimatedCount: Int?
    }

    static let cases = [
        Case(description: "no scheduler", variables: ["SLURM_NTASKS": "4"], index: nil, count: nil),
        Case(
            description: "Slurm array 10-30:10",
            variables: [
                "SLURM_ARRAY_TASK_ID": "20", "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_MAX": "30",
                "SLURM_ARRAY_TASK_STEP": "10",
            ], index: 1, count: 3),
        Case(
            description: "Slurm array 3,7,99%2",
            variables: [
                "SLURM_ARRAY_TASK_ID": "99", "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_MAX": "99",
                "SLURM_ARRAY_TASK_STEP": "1",
            ], index: 99, count: nil, estimatedCount: 3),
        Case(
            description: "one task of a Slurm array tried again",
            variables: [
                "SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "1",
                "SLURM_ARRAY_TASK_MIN": "7", "SLURM_ARRAY_TASK_MAX": "7",
            ], index: 7, count: nil, estimatedCount: 1),
        Case(
            description: "srun", variables: ["SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4"],
            index: 2, count: 4),
        Case(
            description: "srun in a Slurm array",
            variables: [
                "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "2",
                "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "1", "SLURM_PROCID": "1",
                "SLURM_STEP_NUM_TASKS": "3",
            ], index: 4, count: 6),
        Case(
            description: "mpirun in a Slurm job, which starts its helpers by srun",
            variables: [
                "OMPI_COMM_WORLD_RANK": "5", "OMPI_COMM_WORLD_SIZE": "6", "SLURM_PROCID": "1",
                "SLURM_STEP_NUM_TASKS": "2",
            ], index: 5, count: 6),
        Case(
            description: "mpirun in a Slurm array",
            variables: [
                "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2",
                "SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_COUNT": "2",
                "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_MAX": "4",
            ], index: 3, count: 4),
        Case(
            description: "MPICH", variables: ["PMI_RANK": "2", "PMI_SIZE": "3"], index: 2, count: 3),
        Case(
            description: "Grid Engine array 2-8:2",
            variables: [
                "SGE_TASK_ID": "6", "SGE_TASK_FIRST": "2", "SGE_TASK_LAST": "8",
                "SGE_TASK_STEPSIZE": "2",
            ], index: 2, count: 4),
        Case(
            description: "no Grid Engine array",
            variables: [
                "SGE_TASK_ID": "undefined", "SGE_TASK_FIRST": "undefined",
                "SGE_TASK_LAST": "undefined",
            ], index: nil, count: nil),
        Case(
            description: "PBS array", variables: ["PBS_ARRAY_INDEX": "4"], index: 4, count: nil),
        Case(
            description: "LSF array", variables: ["LSB_JOBINDEX": "4"], index: 4, count: nil),
        Case(
            description: "no LSF array", variables: ["LSB_JOBINDEX": "0"], index: nil, count: nil),
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
        if let count = example.estimatedCount { #expect(found?.estimatedCount == count) }
    }

    @Test func namesTheVariablesThatTold() {
        let found = TaskEnvironment([
            "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "JOB_COMPLETION_INDEX": "3",
        ])
        #expect(found?.source == "JOB_COMPLETION_INDEX and OMPI_COMM_WORLD_RANK")
    }
}

"""Items 22 and 23: work that is divided among tasks."""
from trust_support import case, manifest, require, samples, windows


@case(22, "array tasks with different settings do not both succeed")
def different_tasks(t):
    (t.folder / "m.csv").write_text(manifest(windows(24)))
    task = ["--task-count", "2", "--shard-clips", "4", "--task-index"]
    t.expect(t.build("m.csv", "out", *task, "0"), 0)
    t.expect(t.build("m.csv", "out", "--frames", "3", *task, "1"), 65, "settings|recipe|task|overwrite|frames")


def tasks(t, environments, clips=24):
    """Runs a build once with each environment; together they must publish everything, without one task making all."""
    (t.folder / "m.csv").write_text(manifest(windows(clips)))
    made = []
    for environment in environments:
        result = t.build("m.csv", "out", "--shard-clips", "2", env=environment)
        made.append(t.expect(result, 0, "task|array|rank|slurm|mpi"))
    require((t.folder / "out/dataset.json").exists(), "the tasks together have not published the dataset")
    require(len(samples(t.folder / "out")) == clips, f"{len(samples(t.folder / 'out'))} of {clips} clips are there")
    return made


@case(23, "a sparse array of Slurm, --array=3,7,99%2")
def sparse_array(t):
    fixed = {"SLURM_JOB_ID": 11, "SLURM_ARRAY_JOB_ID": 10, "SLURM_ARRAY_TASK_COUNT": 3, "SLURM_ARRAY_TASK_MIN": 3,
             "SLURM_ARRAY_TASK_MAX": 99, "SLURM_ARRAY_TASK_STEP": 1}
    tasks(t, [fixed | {"SLURM_ARRAY_TASK_ID": number} for number in (3, 7, 99)])


for rank, size in [("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE")]:
    @case(23, f"mpirun in a Slurm job: {rank} stands before the launcher's own step")
    def innermost_launcher(t, rank=rank, size=size):
        slurm = {"SLURM_JOB_ID": 10, "SLURM_STEP_ID": 0, "SLURM_NTASKS": 1, "SLURM_STEP_NUM_TASKS": 1, "SLURM_PROCID": 0}
        (t.folder / "m.csv").write_text(manifest(windows(24)))
        made = [t.build("m.csv", "out", "--shard-clips", "2", "--json", env=slurm | {rank: number, size: 3}) for number in range(3)]
        decoded = [t.json(result)["decoded"] for result in made]
        require(sum(decoded) == 24 and max(decoded) < 24, f"three ranks decoded {decoded} of 24 clips")
        t.expect(made[0], 0, "task|rank|mpi")


@case(23, "a step of Slurm: srun -n 3")
def slurm_step(t):
    step = {"SLURM_JOB_ID": 10, "SLURM_STEP_ID": 0, "SLURM_NTASKS": 3, "SLURM_STEP_NUM_TASKS": 3}
    tasks(t, [step | {"SLURM_PROCID": number} for number in range(3)])

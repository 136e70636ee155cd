"""Item 14: numbers that diverge, are absurd, or overflow."""
from trust_runs import half_run, resume
from trust_support import case, edit_json, videos

clip = videos / "real/park.mp4"


@case(14, "a loss that diverges right before an evaluation")
def diverges(t):
    result = t.run("vbtrain", "--shards", t.base / "features", "--out", "run", "--epochs", "3", "--learning-rate", "1e30",
                   "--max-grad-norm", "0", "--warmup-ratio", "0", "--gradient-accumulation", "1")
    t.expect(result, (1, 65), "finite|diverg|NaN|learning rate")


absurd = [-1, 0, 2 ** 62, 2 ** 63 - 1]
for field in ["hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size", "cross_attention_frequency",
              "num_query_tokens", "encoder_hidden_size"]:
    @case(14, f"absurd `{field}` in the run's config.json")
    def absurd_shape(t, field=field):
        run = t.copy("run")
        whole = (run / "config.json").read_text()
        for value in absurd:
            (run / "config.json").write_text(whole)
            edit_json(run / "config.json", lambda config: config["qformer"].update({field: value}))
            t.expect(t.run("vbtrain", "predict", "run", clip), 65)
            t.expect(t.run("vbtrain", "report", "run"), (0, 65))


for field in ["num_frames", "image_size", "zstd_level"]:
    @case(14, f"absurd `{field}` in the run's config.json")
    def absurd_recipe(t, field=field):
        run = t.copy("run")
        whole = (run / "config.json").read_text()
        for value in absurd:
            (run / "config.json").write_text(whole)
            edit_json(run / "config.json", lambda config: config["clip_recipe"].update({field: value}))
            t.expect(t.run("vbtrain", "predict", "run", clip), 65)


def change_metrics(metrics, change):
    for tasks in metrics.values():
        # The checksum is a text; unit tests change files whose checksum says that they were edited.
        for task in tasks.values() if isinstance(tasks, dict) else []:
            change(task)


for name, change in [("a ragged confusion matrix", lambda m: m.update(confusion_matrix=[[1], []])),
                     ("no confusion matrix", lambda m: m.update(confusion_matrix=[])),
                     ("negative counts", lambda m: m.update(confusion_matrix=[[-2 ** 63, 2 ** 63 - 1], [2 ** 63 - 1, 1]])),
                     ("absurd metrics", lambda m: m.update(accuracy=1e300, loss=-1e308, questions=-2 ** 63))]:
    @case(14, f"{name} in metrics.json")
    def absurd_metrics(t, change=change):
        run = t.copy("run")
        edit_json(run / "metrics.json", lambda metrics: change_metrics(metrics, change))
        t.expect(t.run("vbtrain", "report", "run"), (0, 65))


for field, value in [("epoch", 2 ** 63 - 1), ("step", 2 ** 63 - 1), ("position", 2 ** 63 - 1), ("passes", 2 ** 64 - 1),
                     ("evaluations_since_best", 2 ** 63 - 1), ("log_bytes", 2 ** 63 - 1), ("epoch", -1)]:
    @case(14, f"`{field}` {value} in a checkpoint's state")
    def absurd_state(t, field=field, value=value):
        path = half_run(t) / "trainer_state.json"
        edit_json(path, lambda state: state.update({field: value}))
        t.expect(resume(t), 65, "checkpoint|damaged|checksum")


@case(14, "a checkpoint called by an absurd step")
def absurd_step(t):
    checkpoint = half_run(t)
    for step in [2 ** 63 - 1, -1, 10 ** 30]:
        checkpoint = checkpoint.rename(checkpoint.with_name(f"checkpoint-{step}"))
        t.expect(resume(t, "--resume-from", checkpoint), 65, "checkpoint")


for option, values in {"--max-grad-norm": ["inf", "nan", "-1"], "--learning-rate": ["nan", "inf", "0"], "--dropout": ["nan", "1"],
                       "--weight-decay": ["inf", "nan"], "--warmup-ratio": ["nan", "2"], "--label-smoothing": ["nan"],
                       "--early-stopping-threshold": ["nan", "inf"], "--epochs": ["0", "9223372036854775807", "1e300"],
                       "--max-steps": ["9223372036854775807", "-1"], "--warmup-steps": ["-1"],
                       "--jobs": ["0", "-1"], "--seed": ["-1"]}.items():
    @case(14, f"vbtrain {option} {' '.join(values)}")
    def absurd_option(t, option=option, values=values):
        for value in values:
            t.expect(t.train(t.base / "features", "run", f"{option}={value}", seconds=20), 64, option)


for program, line, option, values in [
        ("vbprep", ["build-shards", "m.csv"], "--timeout", ["1e300", "inf", "nan", "-1", "0"]),
        ("vbprep", ["doctor", "m.csv"], "--timeout", ["1e300", "inf", "nan", "0"]),
        ("vbtrain", ["predict", "run", "a.mp4"], "--timeout", ["1e300", "inf", "nan", "0"]),
        ("vbtrain", ["predict", "run", "a.mp4"], "--top-k", ["0", "-1"]),
        ("vbprep", ["build-shards", "m.csv"], "--worker-memory", ["0", "-1", "9223372036854775807"]),
        ("vbprep", ["build-shards", "m.csv"], "--jobs", ["0", "-1"]),
        ("vbprep", ["build-shards", "m.csv"], "--split", ["nan,0,1", "1e300,0,0", "-1,1,1"]),
        ("vbprep", ["build-shards", "m.csv"], "--task-count", ["0", "9223372036854775807"])]:
    @case(14, f"{program} {line[0]} {option} {' '.join(values)}")
    def absurd_limit(t, program=program, line=line, option=option, values=values):
        t.copy("run", "m.csv")
        for value in values:
            t.expect(t.run(program, *line, f"{option}={value}", seconds=20), 64, option.strip("-"))


@case(14, "more jobs than there can be")
def absurd_jobs(t):
    many = f"--jobs={2 ** 63 - 1}"
    t.expect(t.train(t.base / "features", "run", many), (0, 64))
    t.expect(t.build(t.base / "m.csv", "out", many), (0, 64))
    t.expect(t.extract(t.base / "pixels", "features", many), (0, 64))


@case(14, "absurd numbers in a YAML file")
def absurd_yaml(t):
    for line in ["max_grad_norm: .inf", "learning_rate: .nan", "num_train_epochs: 1e300", "warmup_steps: -1", "dropout: text",
                 "no_such: 1"]:
        (t.folder / "c.yaml").write_text(line + "\n")
        name = line.split(":")[0].replace("_", "[-_]")
        t.expect(t.train(t.base / "features", "run", "--config", "c.yaml", seconds=20), (64, 65), name)



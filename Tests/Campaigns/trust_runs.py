"""Items 5, 11, 16, 21, 22, 24: runs, checkpoints and answers."""
import json
import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

from trust_support import case, children, edit_json, fixtures, flip, manifest, require, sha256, videos, wait_for, windows

clip = videos / "real/park.mp4"


def checkpoints(run):
    return sorted(run.glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))


def half_run(t):
    """A run whose last checkpoint is gone, so that `--resume` has work to do."""
    run = t.copy("run")
    shutil.rmtree(checkpoints(run)[-1])
    return checkpoints(run)[-1]


def resume(t, *options):
    return t.train(t.base / "features", "run", *(options or ["--resume"]))


# Item 5: flipped bits in runs.
@case(5, "a run resumes as if it had never stopped")
def resumes(t):
    half_run(t)
    t.expect(resume(t), 0)
    weights = [sha256((run / "model/model.safetensors").read_bytes()) for run in (t.base / "run", t.folder / "run")]
    require(weights[0] == weights[1], "the weights are other ones")


for name in ["model.safetensors", "optimizer.safetensors"]:
    @case(5, f"a flipped bit in a checkpoint's {name}")
    def flipped_tensor(t, name=name):
        path = half_run(t) / name
        flip(path, -1001)
        t.expect(resume(t), 65, "checkpoint|damaged|checksum")


for field, value in [("position", 1), ("epoch", 0), ("passes", 1), ("settled_step", 0), ("seed", 43)]:
    @case(5, f"another `{field}` in a checkpoint's state")
    def changed_state(t, field=field, value=value):
        path = half_run(t) / "trainer_state.json"
        edit_json(path, lambda state: state.update({field: state[field] + 1 if state.get(field) == value else value}))
        t.expect(resume(t), 65, "checkpoint|damaged|checksum")


def changes_run(t, change, *commands):
    run = t.copy("run")
    change(run)
    for command in commands:
        t.expect(t.run("vbtrain", *command), 65, "damaged|checksum|config|weights|model|differ|manifest")


answer = [("evaluate", "run"), ("predict", "run", clip)]
case(5, "a flipped bit in the best weights")(lambda t: changes_run(t, lambda run: flip(run / "model/model.safetensors", -1001), *answer))
for field, value in [("seed", 7), ("dropout", 0.2), ("prompt", "Other?")]:
    case(5, f"another `{field}` in the run's config.json")(
        lambda t, f=field, v=value: changes_run(
            t, lambda run: edit_json(run / "config.json", lambda config: config["options"].update({f: v})), *answer))


# Item 11: two processes on one run.
@case(11, "a second training in one directory is refused, also with --overwrite")
def two_trainings(t):
    t.copy("features")
    long = ["--shards", "features", "--out", "run", "--epochs", "100000", "--batch-size", "2", "--early-stopping-patience", "0",
            "--save-strategy", "no", "--logging-steps", "1", "--eval-strategy", "no"]
    first = t.start("vbtrain", *long, stderr=subprocess.DEVNULL)
    try:
        log = t.folder / "run/log.jsonl"
        require(wait_for(lambda: log.exists() and log.stat().st_size > 0, first), "the first training wrote no log")
        for option in ["--resume", "--overwrite", "--save-limit=2"]:
            t.expect(t.run("vbtrain", *long, option, seconds=20), 75, "another|busy|use|lock")
        require(first.poll() is None, "the first training has ended")
    finally:
        first.send_signal(signal.SIGINT)
        first.wait(30)
    steps = [json.loads(line)["step"] for line in log.read_text().splitlines()]
    require(len(steps) == len(set(steps)), "steps stand twice in log.jsonl")


# Item 16: many classes.
@case(16, "3,000 classes: time, memory, report and terminal stay small")
def many_classes(t):
    (t.folder / "classes").write_text("".join(f"class {i}\n" for i in range(3000)))
    rows = [[video, f"class {7 * i}", split, start] for i, (video, _, split, start) in enumerate(windows(32))]
    (t.folder / "m.csv").write_text(manifest(rows))
    t.expect(t.build("m.csv", "pixels", "--classes", "classes"), 0)
    t.expect(t.extract("pixels", "features"), 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    start = time.monotonic()
    trained = t.expect(t.train("features", "run", "--max-steps", "2", seconds=120), 0)
    evaluated = t.expect(t.run("vbtrain", "evaluate", "run", seconds=120), 0)
    seconds, memory = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    report, metrics = ((t.folder / "run" / name).stat().st_size for name in ("report.html", "metrics.json"))
    printed = max(len(r.stdout) + len(r.stderr) for r in (trained, evaluated))
    require(seconds < 40, f"{seconds:.0f} s for two updates and two evaluations")
    require(memory < 1024 or before / 1024 >= memory, f"{memory:.0f} MB")
    require(report < 2e6 and metrics < 2e6, f"report.html has {report} bytes, metrics.json {metrics}")
    require(printed < 1e5, f"{printed} bytes on the terminal")


# Item 21: predictions.
@case(21, "predict: a bad video costs that video only")
def bad_video(t):
    os.mkfifo(t.folder / "pipe.mp4")
    bad = [videos / "derived/text.mp4", "no-such.mp4", "pipe.mp4", t.folder]
    result = t.run("vbtrain", "predict", t.base / "run", clip, *bad, videos / "real/realshort.mp4")
    t.expect(result, (0, 1, 2), "text.mp4.*no-such.mp4.*pipe.mp4")
    require(result.stdout.count(" %") >= 4, f"not both good videos have an answer: {result.stdout}")


@case(21, "predict decodes in workers and prints as it goes")
def prints_as_it_goes(t):
    (t.folder / "huge.mp4").touch()
    os.truncate(t.folder / "huge.mp4", 400 << 30)
    process = t.start("vbtrain", "predict", t.base / "run", clip, "huge.mp4", "--timeout", "600",
                      stdout=open(t.folder / "out", "w"))
    try:
        early = wait_for(lambda: (t.folder / "out").stat().st_size > 0, process, 10)
        workers = [c for c in children(process.pid) if b"decode-worker" in Path(f"/proc/{c}/cmdline").read_bytes()]
        running = process.poll() is None
    finally:
        process.kill()
        process.wait()
    require(early and running, "nothing was printed before the last video was done")
    require(workers, "no worker decodes")


@case(21, "predict --out is written and goes on where it stopped")
def resumable_predictions(t):
    line = ["predict", t.base / "run", clip, videos / "real/realshort.mp4", "--out", "p.csv"]
    t.expect(t.run("vbtrain", *line), 0)
    first = (t.folder / "p.csv").read_bytes()
    (t.folder / "p.csv").write_bytes(first[:first.rindex(b"\n", 0, -1) + 1])
    t.expect(t.run("vbtrain", *line), 0)
    require((t.folder / "p.csv").read_bytes() == first, "the file is another one")


# Item 22: sentences.
@case(22, "a wrong --resume-from does not speak of removing it")
def wrong_resume(t):
    t.copy("run")
    for place in ["run/checkpoint-999", "run", "no-such"]:
        t.expect(resume(t, "--resume-from", place), (64, 65), "checkpoint", says_nothing_of="--resume takes the one before")


@case(22, "a BPE tokenizer.json is not read as WordPiece")
def byte_pairs(t):
    shutil.copytree(fixtures / "golden/instructblip-tiny", t.folder / "model")
    t.expect(t.extract(t.base / "pixels", "features"), 0)
    vocabulary = {name: i for i, name in enumerate(["[UNK]", "[CLS]", "[SEP]", "a", "b"])}
    (t.folder / "model/tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": vocabulary, "merges": ["a b"]}}))
    t.expect(t.run("vbtrain", "--shards", "features", "--model", "model", "--epochs", "1"), 65, "BPE|WordPiece")


for name, text in [("config.json", "{"), ("config.json", "[]"), ("config.json", None), ("metrics.json", "{"),
                   ("model/model.safetensors", "x"), ("model/model.safetensors", None)]:
    @case(22, f"a run whose {name} is {'gone' if text is None else repr(text)}")
    def damaged_run(t, name=name, text=text):
        path = t.copy("run") / name
        path.unlink() if text is None else path.write_text(text)
        t.expect(t.run("vbtrain", "evaluate", "run"), 65, "run|metrics")


@case(22, "a YAML file that is no YAML")
def no_yaml(t):
    for text in ["a: [", "- 1\n- 2\n", "\x00"]:
        (t.folder / "c.yaml").write_text(text)
        t.expect(t.train(t.base / "features", "run", "--config", "c.yaml"), (64, 65), "c.yaml")


# Item 24: what figures stand on.
@case(24, "--eval-strategy no needs no validation split")
def no_validation(t):
    t.copy("model")
    rows = [[video, label, "train" if split == "val" else split, start] for video, label, split, start in windows()]
    (t.folder / "m.csv").write_text(manifest(rows))
    t.expect(t.build("m.csv", "pixels"), 0)
    t.expect(t.extract("pixels", "features"), 0)
    t.expect(t.train("features", "run"), 65, "validation")
    t.expect(t.train("features", "run2", "--eval-strategy", "no"), 0)
    t.expect(t.run("vbtrain", "evaluate", "run2"), 0)


@case(24, "one right answer of one is no 100 to 100 %")
def one_question(t):
    t.copy("run")
    t.expect(t.run("vbtrain", "evaluate", "run", "--split", "test"), 0)
    task = next(iter(json.loads((t.folder / "run/metrics.json").read_text())["test"].values()))
    low, high = task["statistics"]["accuracy_interval"]
    require(high - low > 0.2, f"{task['questions']} questions give the interval {low} to {high}")
    require("clips" in task and "questions" in task, "the metrics do not say how many clips and questions they stand on")

"""Opens datasets and runs with other people's tools and compares values, a line for each check. Usage: check.py FOLDER"""
import csv
import importlib.util
import io
import json
import subprocess
import sys
import tarfile
import traceback
import warnings
from pathlib import Path

import numpy as np
import torch
import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
import vbprep

warnings.filterwarnings("ignore")
work = Path(sys.argv[1])
WORKERS = 4
failures = 0


def check(name, action):
    """Prints what `action` says, or that it failed."""
    global failures
    try:
        print(f"ok      {name}: {action()}", flush=True)
    except Exception:
        failures += 1
        print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)


class Reference:
    """A dataset read with tarfile and csv alone."""

    def __init__(self, directory):
        self.directory = directory
        self.description = json.loads((directory / "dataset.json").read_text())
        self.is_pixels = self.description["kind"] == "pixels"
        self.arrays, self.metadata, self.classes = {}, {}, {}
        for path in sorted((directory / "shards").glob("*.tar")):
            with tarfile.open(path) as tar:
                for member in tar:
                    key, suffix = member.name.split(".", 1)
                    content = tar.extractfile(member).read()
                    if suffix.endswith("npy.zst"):
                        content = zstandard.ZstdDecompressor().decompress(content)
                    if "npy" in suffix:
                        self.arrays[key] = np.load(io.BytesIO(content))
                    elif suffix == "json":
                        self.metadata[key] = json.loads(content)
                    else:
                        self.classes[key] = int(content)
        with (directory / "questions.csv").open(newline="", encoding="utf-8") as file:
            self.questions = list(csv.DictReader(file))


def sums(reference):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=reference.directory, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    listed = {line.split("  ")[1] for line in (reference.directory / "SHA256SUMS").read_text().splitlines()}
    there = {str(p.relative_to(reference.directory)) for p in reference.directory.rglob("*") if p.is_file()}
    # The page is a view that `vbprep inspect --html` may draw anew.
    assert there - listed - {"dataset.html"} == {"SHA256SUMS", "build-report.json"}, there - listed
    return f"{len(listed)} files"


def hub_dataset(reference, streaming):
    import datasets

    loaded = datasets.load_dataset(str(reference.directory), streaming=streaming)
    tasks = reference.description["tasks"]
    seen = 0
    for split, clips in reference.description["splits"].items():
        features = loaded[split].features
        if len(tasks) == 1:
            assert features["cls"].names == tasks[0]["classes"]
        rows = list(loaded[split].with_format("numpy") if not streaming else loaded[split])
        assert len(rows) == clips
        for row in rows:
            key = str(row["__key__"])
            array = np.asarray(row[reference.description["array"]["member"]])
            assert np.array_equal(array, reference.arrays[key]), key
            metadata = reference.metadata[key]
            declared = set(features["json"])
            assert declared == set(metadata), declared ^ set(metadata)
            assert set(features["json"]["receipt"]) >= set(metadata["receipt"]), set(metadata["receipt"])
            assert row["json"]["video"] == metadata["video"]
            assert list(row["json"]["receipt"]["pts"]) == metadata["receipt"]["pts"]
            if reference.is_pixels:
                assert int(row["cls"]) == reference.classes[key] == metadata["questions"][0]["class"]
            seen += 1
    return f"{seen} rows, splits {', '.join(loaded)}"


def hub_dataset_loader(reference):
    import datasets

    member = reference.description["array"]["member"]
    train = datasets.load_dataset(str(reference.directory), split="train").select_columns([member, "__key__"])
    loader = torch.utils.data.DataLoader(train.with_format("torch"), batch_size=2, num_workers=WORKERS)
    seen = 0
    for batch in loader:
        for key, array in zip(batch["__key__"], batch[member]):
            assert np.array_equal(array.numpy(), reference.arrays[key])
            seen += 1
    assert seen == len(train)
    return f"{seen} clips through {WORKERS} workers"


def decode(key, content):
    if key.endswith(".npy.zst"):
        return np.load(io.BytesIO(zstandard.ZstdDecompressor().decompress(content)))
    return None


def web_dataset(reference):
    import webdataset

    member = reference.description["array"]["member"]
    tars = [str(path) for path in sorted((reference.directory / "shards").glob("*.tar"))]
    dataset = webdataset.WebDataset(tars, shardshuffle=False, empty_check=False).decode(decode).to_tuple("__key__", member, "json")
    loader = webdataset.WebLoader(dataset, batch_size=None, num_workers=WORKERS)
    keys = set()
    for key, array, metadata in loader:
        assert np.array_equal(array, reference.arrays[key]) and metadata["video"] == reference.metadata[key]["video"]
        keys.add(key)
    assert keys == set(reference.arrays)
    return f"{len(keys)} samples of {len(tars)} tars through {WORKERS} workers"


def our_reader(reference):
    dataset = vbprep.open(reference.directory, verify=True)
    seen = 0
    for name in dataset.splits:
        loader = torch.utils.data.DataLoader(dataset.split(name), batch_size=2, shuffle=True, num_workers=WORKERS)
        for batch in loader:
            for key, array, label, text in zip(batch["key"], batch[dataset.array_name], batch["label"], batch["label_name"]):
                assert np.array_equal(array.numpy(), reference.arrays[key])
                matching = [q for q in reference.questions if q["key"] == key and q["label"] == text]
                assert int(label) in {int(q["class"]) for q in matching}
                seen += 1
    assert seen == len(reference.questions)
    return f"{seen} questions through {WORKERS} workers"


def croissant(reference):
    import mlcroissant

    path = str(reference.directory / "croissant.json")
    done = subprocess.run(["mlcroissant", "validate", "--jsonld", path], capture_output=True, text=True)
    assert done.returncode == 0 and "error(s)" not in done.stderr, done.stderr
    dataset = mlcroissant.Dataset(path)

    def text(value):
        return value.decode() if isinstance(value, bytes) else str(value)

    records = list(dataset.records("questions"))
    assert len(records) == len(reference.questions)
    for record, question in zip(records, reference.questions):
        for name in ("key", "split", "task", "prompt", "label"):
            assert text(record[f"questions/{name}"]) == question[name], (record, question)
        assert int(record["questions/class"]) == int(question["class"])
        assert float(record["questions/start"]) == float(question["start"])
    classes = [(text(r["classes/task"]), int(r["classes/class"]), text(r["classes/label"])) for r in dataset.records("classes")]
    expected = [(t["task"], i, name) for t in reference.description["tasks"] for i, name in enumerate(t["classes"])]
    assert classes == expected, classes
    return f"{len(records)} questions, {len(classes)} classes"


def dataset_card(reference):
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(reference.directory / "README.md", ignore_metadata_errors=False)
    assert card.data.license == "unknown" and card.data.task_categories == ["video-classification"]
    return card.data.pretty_name


def log_lines(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [l for l in lines if "loss" in l], [l for l in lines if "eval_loss" in l]


def tensorboard(run):
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found = {}
    files = sorted(run.glob("events.out.tfevents.*"))
    for path in files:
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.tensor.float_val[0]))
    train, evaluations = log_lines(run)
    for tag, lines, name in [
        ("train/loss", train, "loss"),
        ("train/learning_rate", train, "learning_rate"),
        ("eval/loss", evaluations, "eval_loss"),
        ("eval/f1_weighted", evaluations, "eval_f1_weighted"),
    ]:
        assert found[tag] == [(line["step"], np.float32(line[name])) for line in lines], tag
    return f"{len(train)} + {len(evaluations)} points in {len(files)} files, no step twice"


def metrics_table(run):
    import pandas

    table = pandas.read_csv(run / "metrics.csv")
    train, evaluations = log_lines(run)
    assert table.dropna(subset="loss")[["step", "loss", "grad_norm"]].to_numpy().tolist() == [
        [line["step"], line["loss"], line["grad_norm"]] for line in train
    ]
    assert table.dropna(subset="eval_loss")[["step", "eval_accuracy"]].to_numpy().tolist() == [
        [line["step"], line["eval_accuracy"]] for line in evaluations
    ]
    return f"{len(table)} rows"


def wandb(run):
    folder = next((run / "wandb").glob("offline-run-*"))
    file = next(folder.glob("*.wandb"))

    def leet(*arguments):
        done = subprocess.run(["wandb", "leet", "inspect", *arguments, str(file)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    train, evaluations = log_lines(run)
    records = [json.loads(line) for line in leet("--json").splitlines()]
    rows = [r["history"]["item"] for r in records if r["type"] == "history"]
    assert [r["num"] for r in records] == list(range(1, len(records) + 1))
    assert [(r["_step"], r["train/loss"]) for r in rows if "train/loss" in r] == [(l["step"], l["loss"]) for l in train]
    assert [(r["_step"], r["eval/accuracy"]) for r in rows if "eval/accuracy" in r] == [
        (l["step"], l["eval_accuracy"]) for l in evaluations
    ]
    assert len({r["_step"] for r in rows}) == len(rows)
    assert next(r for r in records if r["type"] == "run")["run"]["config"]["update"]["batch_size"] == 2
    summary = leet("--summary")
    assert "finished (exit code 0)" in summary and str(train[-1]["loss"])[:8] in summary, summary
    done = subprocess.run(["wandb", "sync", "--dry-run", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0 and "Would sync 1 run" in done.stdout + done.stderr, done.stdout + done.stderr
    return f"{len(rows)} rows; wandb sync --dry-run and leet accept it"


def seconds(receipt):
    """When the frames of a clip were shown, after the first; frames without pts count by their number."""
    unit = np.divide(*map(float, receipt["time_base"].split("/")))
    if None in receipt["pts"]:
        times = np.array(receipt["frame_indices"]) * (unit if unit >= 1 / 240 else 1 / 25)
    else:
        times = np.array(receipt["pts"]) * unit
    return torch.tensor(times - times[0])[None]


def answers(run, model, dataset, split):
    """The largest difference between the logarithms of the model's probabilities and those that vbtrain wrote."""
    receipts = {key: each["receipt"] for key, each in Reference(Path(dataset.directory)).metadata.items()}
    configuration = json.loads((run / "config.json").read_text())
    with (run / f"predictions-{split}.csv").open(newline="", encoding="utf-8") as file:
        predictions = {(p["key"], p["task"], p["prompt"]): p for p in csv.DictReader(file)}
    outputs = sum(len(task["classes"]) for task in configuration["tasks"])
    names = [model.config.id2label[i] for i in range(outputs)]
    worst = 0
    for row in dataset.split(split):
        inputs = {"features": torch.tensor(row["features"])[None], "times": seconds(receipts[row["key"]])}
        if (run / "model" / "vocab.txt").exists():
            from tokenizers import BertWordPieceTokenizer

            tokenizer = BertWordPieceTokenizer(str(run / "model" / "vocab.txt"), lowercase=True)
            inputs["input_ids"] = torch.tensor([tokenizer.encode(row["prompt"]).ids])
        with torch.no_grad():
            logits = model(**inputs).logits[0]
        expected = predictions[(row["key"], row["task"], row["prompt"])]
        expected = torch.tensor([float(expected[name]) for name in names])
        # Logits are known up to a constant from probabilities, which are those among all answers.
        worst = max(worst, float((logits.log_softmax(0) - expected.log()).abs().max()))
    assert worst < 1e-4, worst
    return f"{len(predictions)} answers, logits within {worst:.1e}"


def auto_model(run, dataset):
    import transformers

    model = transformers.AutoModel.from_pretrained(run / "model", trust_remote_code=True).eval()
    return answers(run, model, dataset, "test")


def plain_model(run, dataset):
    from safetensors.torch import load_file

    spec = importlib.util.spec_from_file_location("modeling", run / "model" / "modeling.py")
    modeling = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(modeling)
    configuration = modeling.VideoClassifier.config_class.from_pretrained(run / "model")
    model = modeling.VideoClassifier(configuration).eval()
    model.load_state_dict(load_file(run / "model" / "model.safetensors"))
    return answers(run, model, dataset, "validation")


def model_card(run):
    from huggingface_hub import ModelCard

    card = ModelCard.load(run / "model" / "README.md", ignore_metadata_errors=False)
    metrics = json.loads((run / "metrics.json").read_text())
    found = {(r.dataset_split, r.task_name, r.metric_name): r.metric_value for r in card.data.eval_results}
    expected = {}
    for split, tasks in metrics.items():
        for task, values in (tasks.items() if isinstance(tasks, dict) else []):
            expected[split, task, "Accuracy"] = values["accuracy"]
            expected[split, task, "Weighted F1"] = values["f1_weighted"]
    assert expected and all(found[name] == value for name, value in expected.items()), found
    return f"{len(found)} results"


for name in ("one", "one-features", "two", "two-features"):
    reference = Reference(work / name)
    check(f"sha256sum {name}", lambda: sums(reference))
    check(f"datasets {name}", lambda: hub_dataset(reference, streaming=False))
    check(f"datasets, streaming {name}", lambda: hub_dataset(reference, streaming=True))
    check(f"datasets, DataLoader {name}", lambda: hub_dataset_loader(reference))
    check(f"webdataset {name}", lambda: web_dataset(reference))
    check(f"vbprep.py, DataLoader {name}", lambda: our_reader(reference))
    check(f"mlcroissant {name}", lambda: croissant(reference))
    check(f"huggingface_hub {name}", lambda: dataset_card(reference))
for name in ("one", "two"):
    run, dataset = work / f"{name}-run", vbprep.open(work / f"{name}-features")
    check(f"transformers AutoModel {name}", lambda: auto_model(run, dataset))
    check(f"plain PyTorch {name}", lambda: plain_model(run, dataset))
    check(f"huggingface_hub {name}-run", lambda: model_card(run))
    check(f"pandas metrics.csv {name}-run", lambda: metrics_table(run))
    check(f"tensorboard {name}-run", lambda: tensorboard(run))
    check(f"wandb {name}-run", lambda: wandb(run))
dataset = vbprep.open(work / "one-features")
for run in sorted(work.glob("layout-*")):
    check(f"transformers AutoModel {run.name}", lambda: auto_model(run, dataset))
    check(f"plain PyTorch {run.name}", lambda: plain_model(run, dataset))
sys.exit(1 if failures else 0)

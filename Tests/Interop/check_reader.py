"""Checks python/vbprep.py on a pixel and a feature dataset against tarfile, csv and numpy. Usage: check_reader.py PIXELS FEATURES"""
import csv
import io
import json
import pickle
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
import vbprep


def stored_arrays(directory):
    """Every array by its key, read without the sidecars."""
    arrays = {}
    for path in sorted((directory / "shards").glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                content = tar.extractfile(member).read()
                if member.name.endswith(".zst"):
                    content = zstandard.ZstdDecompressor().decompress(content)
                if ".npy" in member.name:
                    arrays[member.name.split(".")[0]] = np.load(io.BytesIO(content))
    return arrays


def refuses(error, action):
    try:
        action()
    except error:
        return True
    return False


def check(directory):
    dataset = vbprep.open(directory, verify=True)
    arrays = stored_arrays(directory)
    with (directory / "questions.csv").open(newline="", encoding="utf-8") as file:
        questions = list(csv.DictReader(file))
    assert dataset.splits == {name: sum(q["split"] == name for q in questions) for name in dataset.splits}
    assert sum(dataset.splits.values()) == len(questions) > 0
    for name in dataset.splits:
        split = dataset.split(name)
        expected = [q for q in questions if q["split"] == name]
        assert len(split) == len(expected)
        for row, question in zip(split, expected):
            array = row[dataset.array_name]
            assert np.array_equal(array, arrays[question["key"]]) and array.dtype == arrays[question["key"]].dtype
            assert (row["key"], row["id"], row["video"]) == (question["key"], question["id"], question["video"])
            assert (row["task"], row["prompt"]) == (question["task"], question["prompt"])
            assert (row["label"], row["label_name"]) == (int(question["class"]), question["label"])
            assert dataset.classes[row["task"]][row["label"]] == row["label_name"]
        assert split.labels == [int(q["class"]) for q in expected]
    train = dataset.split("train")
    assert [row["id"] for row in train[1:3]] == [train[1]["id"], train[2]["id"]]
    assert train[-1]["id"] == train[len(train) - 1]["id"]
    assert refuses(IndexError, lambda: train[len(train)])
    again = pickle.loads(pickle.dumps(train))
    assert np.array_equal(again[0][dataset.array_name], train[0][dataset.array_name])
    assert refuses(KeyError, lambda: dataset.split("nothing"))
    # What a caller writes into a row never comes back in the next epoch.
    row = train[0][dataset.array_name]
    if row.flags.writeable:
        row[:] = 7
    else:
        assert refuses(ValueError, lambda: row.fill(7))
    assert np.array_equal(train[0][dataset.array_name], arrays[train[0]["key"]])
    assert dataset.check() == []
    return dataset


def check_normalization(dataset):
    recorded = dataset.description["normalization"]
    mean, std = (np.float32(recorded[name]).reshape(3, 1, 1, 1) for name in ("image_mean", "image_std"))
    pixels = dataset.split("train")[0]["pixel_values"]
    expected = ((pixels * recorded["rescale_factor"]).astype(np.float32) - mean) / std
    normalized = dataset.split("train", normalize=True)[0]["pixel_values"]
    assert normalized.dtype == np.float32 and np.array_equal(normalized, expected)
    halves = dataset.split("train", normalize=([0.5] * 3, [0.5] * 3))[0]["pixel_values"]
    assert np.allclose(halves, pixels / 127.5 - 1, atol=1e-6)


def check_damage(directory):
    """Damaged files are named, never read as if nothing had happened."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(directory, copy)
        tar = next((copy / "shards").glob("train-*.tar"))
        sidecar = json.loads(tar.with_suffix(".json").read_text())
        sample = sidecar["samples"][0]
        content = bytearray(tar.read_bytes())
        member = sample["members"][0]
        content[member["offset"] + member["stored_bytes"] - 9] ^= 1
        tar.write_bytes(content)
        dataset = vbprep.open(copy, verify=True)
        assert refuses(vbprep.DatasetError, lambda: dataset.array(sample["key"]))
        assert dataset.check() == [f"shards/{tar.name}"]
        for name in ("questions.csv", f"shards/{tar.stem}.json", "dataset.json"):
            original = (copy / name).read_bytes()
            (copy / name).write_bytes(original.replace(b"1", b"2", 1))
            assert refuses(vbprep.DatasetError, lambda: vbprep.open(copy))
            (copy / name).write_bytes(original)
        assert refuses(vbprep.DatasetError, lambda: vbprep.open(folder))


pixel_directory, feature_directory = map(Path, sys.argv[1:3])
check_normalization(check(pixel_directory))
features = check(feature_directory)
assert refuses(ValueError, lambda: features.split("train", normalize=True))
check_damage(pixel_directory)
check_damage(feature_directory)
print("vbprep.py reads both datasets as they are stored")

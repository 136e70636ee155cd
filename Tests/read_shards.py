"""Reads a dataset with nothing but tarfile, zstandard and numpy, and checks every sidecar. Usage: read_shards.py DIR"""
import csv
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import zstandard

directory = Path(sys.argv[1])
description = json.loads((directory / "dataset.json").read_text())
clips = set()
for shard in description["shards"]:
    path = directory / "shards" / f"{shard['name']}.tar"
    sidecar = json.loads(path.with_suffix(".json").read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sidecar["sha256"] == shard["sha256"]
    with tarfile.open(path) as tar:
        members = {member.name: member for member in tar}
        for sample in sidecar["samples"]:
            for member in sample["members"]:
                info = members.pop(f"{sample['key']}.{member['name']}")
                assert (info.offset_data, info.size) == (member["offset"], member["stored_bytes"])
                data = tar.extractfile(info).read()
                assert hashlib.sha256(data).hexdigest() == member["sha256"]
                if member["name"].endswith(".npy.zst"):
                    content = zstandard.ZstdDecompressor().decompress(data)
                    assert len(content) == member["uncompressed_bytes"]
                    array = np.load(io.BytesIO(content))
                    assert list(array.shape) == description["array"]["shape"]
                    assert array.dtype == description["array"]["element_type"]
                elif member["name"].endswith(".npy"):
                    array = np.load(io.BytesIO(data))
                    assert list(array.shape) == description["array"]["shape"]
                    assert (member["offset"] + len(data) - array.nbytes) % 64 == 0
                elif member["name"] == "cls":
                    label = int(data)
                else:
                    metadata = json.loads(data)
            assert metadata["key"] == sample["key"]
            if "questions" in metadata:
                assert metadata["questions"][0]["class"] == label
            clips.add(sample["key"])
        assert not members, f"members without an entry: {sorted(members)}"
with (directory / "questions.csv").open(newline="") as file:
    questions = list(csv.DictReader(file))
classes = {task["task"]: task["classes"] for task in description["tasks"]}
for question in questions:
    assert question["key"] in clips
    assert classes[question["task"]][int(question["class"])] == question["label"]
accounting = description["accounting"]
assert len(questions) == accounting["stored"]
assert accounting["rows"] == accounting["stored"] + accounting["quarantined"]
print(f"{directory}: {len(questions)} questions about {len(clips)} samples in {len(description['shards'])} shards are as described")

"""Reads a dataset with nothing but tarfile, zstandard and numpy, and checks every sidecar. Usage: read_shards.py DIR"""
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
stored = 0
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
                elif member["name"] == "cls":
                    label = int(data)
                else:
                    metadata = json.loads(data)
            assert metadata["label"] == description["classes"][label]
            stored += 1
        assert not members, f"members without an entry: {sorted(members)}"
accounting = description["accounting"]
assert stored == accounting["stored"]
assert accounting["rows"] == accounting["stored"] + accounting["quarantined"]
print(f"{directory}: {stored} samples in {len(description['shards'])} shards are as described")

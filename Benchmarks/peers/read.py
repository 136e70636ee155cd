"""Reads batches of 8 clips as float32 from the article's Arrow cache, as its collate_fn does.

Usage: read.py CACHE; prints one JSON object with clips, seconds, clips_per_second.
"""
import json
import sys
import time

import datasets
import torch

rows = datasets.load_from_disk(sys.argv[1])
start = time.monotonic()
clips = 0
for first in range(0, min(len(rows), 32), 8):
    batch = [rows[i] for i in range(first, min(first + 8, len(rows)))]
    pixels = torch.stack([torch.tensor(row["pixel_values"]) for row in batch])
    clips += len(pixels)
seconds = time.monotonic() - start
print(json.dumps({"clips": clips, "seconds": seconds, "clips_per_second": clips / seconds}))

"""The usual way: PyAV decodes every frame, the BLIP processor resizes, `datasets.map` keeps float lists in Arrow files.

Usage: datasets_map.py MANIFEST OUT PROCESSES; prints one JSON object with clips, seconds and clips_per_second.
"""
import json
import sys
import time
from pathlib import Path

import av
import datasets
import numpy as np
from transformers import BlipImageProcessor

manifest, out, processes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
processor = BlipImageProcessor(size={"height": 224, "width": 224})


def prepare(row):
    with av.open(str(manifest.parent / row["video"])) as container:
        container.streams.video[0].thread_type = "NONE"
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    indices = np.linspace(0, len(frames) - 1, 8, dtype=int)
    pixels = processor([frames[i] for i in indices], return_tensors="np")["pixel_values"]
    return {"pixel_values": np.asarray(pixels).transpose(1, 0, 2, 3), "labels": row["label"]}


if __name__ == "__main__":
    rows = datasets.load_dataset("csv", data_files=str(manifest), split="train")
    datasets.disable_progress_bars()
    start = time.monotonic()
    rows.map(prepare, num_proc=processes, writer_batch_size=32).save_to_disk(out)
    seconds = time.monotonic() - start
    print(json.dumps({"clips": len(rows), "seconds": seconds, "clips_per_second": len(rows) / seconds}))

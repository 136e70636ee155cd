"""Prepares the clips of a manifest the way a peer's users do: 8 frames, 224x224, normalised.

Usage: prepare.py article|torchcodec|decord MANIFEST OUT PROCESSES; prints one JSON object with clips, seconds, clips_per_second.

article     PyAV decodes every frame, BlipImageProcessor, datasets.map, saved as Arrow (float lists)
torchcodec  one decoder thread a process, frames by index, torchvision bicubic resize, one .npy a clip
decord      the same with decord
"""
import csv
import json
import multiprocessing
import sys
import time
from pathlib import Path

import numpy as np

peer, manifest, out, processes = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
mean = np.array([0.48145466, 0.4578275, 0.40821073], np.float32).reshape(3, 1, 1, 1)
std = np.array([0.26862954, 0.26130258, 0.27577711], np.float32).reshape(3, 1, 1, 1)


def indices(count):
    return np.linspace(0, count - 1, 8, dtype=int)


def article(row, processor):
    import av

    with av.open(str(manifest.parent / row["video"])) as container:
        container.streams.video[0].thread_type = "NONE"
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    pixels = processor([frames[i] for i in indices(len(frames))], return_tensors="np")["pixel_values"]
    return {"pixel_values": np.asarray(pixels).transpose(1, 0, 2, 3), "labels": row["label"]}


def store(number, frames):
    """frames: uint8 tensor (T, C, H, W)."""
    import torch
    from torchvision.transforms.v2 import functional

    torch.set_num_threads(1)
    small = functional.resize(frames, [224, 224], functional.InterpolationMode.BICUBIC, antialias=True)
    pixels = small.permute(1, 0, 2, 3).numpy().astype(np.float32) / 255
    np.save(out / f"{number:08}.npy", (pixels - mean) / std)


def torchcodec(job):
    from torchcodec.decoders import VideoDecoder

    number, video = job
    decoder = VideoDecoder(str(manifest.parent / video), num_ffmpeg_threads=1, seek_mode="exact")
    store(number, decoder.get_frames_at(indices(len(decoder)).tolist()).data)


def decord(job):
    import torch
    from decord import VideoReader, cpu

    number, video = job
    reader = VideoReader(str(manifest.parent / video), ctx=cpu(0), num_threads=1)
    frames = reader.get_batch(indices(len(reader))).asnumpy()
    store(number, torch.from_numpy(frames).permute(0, 3, 1, 2))


def run_article():
    import datasets
    from transformers import BlipImageProcessor

    datasets.disable_progress_bars()
    datasets.disable_caching()
    processor = BlipImageProcessor(size={"height": 224, "width": 224})
    rows = datasets.load_dataset("csv", data_files=str(manifest), split="train")
    start = time.monotonic()
    rows.map(article, fn_kwargs={"processor": processor}, num_proc=min(processes, len(rows)), writer_batch_size=32).save_to_disk(str(out))
    return len(rows), time.monotonic() - start


def run_plain(work):
    out.mkdir(parents=True)
    jobs = list(enumerate(row["video"] for row in csv.DictReader(open(manifest))))
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(work, jobs[:processes], chunksize=1)  # imports are not timed
        start = time.monotonic()
        pool.map(work, jobs, chunksize=1)
        return len(jobs), time.monotonic() - start


if __name__ == "__main__":
    clips, seconds = run_article() if peer == "article" else run_plain({"torchcodec": torchcodec, "decord": decord}[peer])
    print(json.dumps({"clips": clips, "seconds": seconds, "clips_per_second": clips / seconds}))

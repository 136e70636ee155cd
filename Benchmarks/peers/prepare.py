"""Prepares COPIES copies of VIDEO the way a tool's users do: 8 frames, 224x224, in PROCESSES processes.

Usage: prepare.py SIDE VIDEO COPIES OUT PROCESSES; prints one JSON object with clips, seconds and processor_milliseconds a clip.

ours         $BIN/vbprep build-shards, from its start to its end
torchcodec   one decoder thread a process, frames by index, torchvision bicubic resize, one uint8 .npy a clip
decord, tensorcodec   the same
article      PyAV decodes every frame, BlipImageProcessor, datasets.map, saved as Arrow (float lists)
The imports of the others are not timed.
"""
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

side, video, copies, out, processes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5])


def indices(count):
    return np.linspace(0, count - 1, 8, dtype=int)


def resize(frames):
    """uint8 tensor (T, C, H, W) to uint8 (C, T, 224, 224)."""
    import torch
    from torchvision.transforms.v2 import functional

    torch.set_num_threads(1)
    small = functional.resize(frames, [224, 224], functional.InterpolationMode.BICUBIC, antialias=True)
    # np.save writes what is not contiguous element by element.
    return small.permute(1, 0, 2, 3).contiguous().numpy()


def torchcodec(path):
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(path, num_ffmpeg_threads=1, seek_mode="exact")
    return resize(decoder.get_frames_at(indices(len(decoder)).tolist()).data)


def tensorcodec(path):
    import torch
    from tensorcodec.decoders import VideoDecoder

    with VideoDecoder(path, num_ffmpeg_threads=1, seek_mode="exact") as decoder:
        return resize(torch.from_numpy(decoder.get_frames_at(indices(len(decoder)).tolist()).data))


def decord(path):
    import torch
    from decord import VideoReader, cpu

    reader = VideoReader(path, ctx=cpu(0), num_threads=1)
    return resize(torch.from_numpy(reader.get_batch(indices(len(reader))).asnumpy()).permute(0, 3, 1, 2))


def article(row, processor):
    import av

    with av.open(row["video"]) as container:
        container.streams.video[0].thread_type = "NONE"
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    pixels = processor([frames[i] for i in indices(len(frames))], return_tensors="np")["pixel_values"]
    return {"pixel_values": np.asarray(pixels).transpose(1, 0, 2, 3)}


def work(job):
    """Returns the processor seconds that the clip took."""
    number, path = job
    start = time.process_time()
    np.save(out / f"{number:08}.npy", {"torchcodec": torchcodec, "tensorcodec": tensorcodec, "decord": decord}[side](path))
    return time.process_time() - start


def time_peer(paths):
    out.mkdir()
    jobs = list(enumerate(paths))
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(work, jobs[: 2 * processes], chunksize=1)
        start = time.monotonic()
        used = sum(pool.map(work, jobs, chunksize=1))
        return time.monotonic() - start, used


def time_article(paths):
    import av
    import datasets
    import torch
    from transformers import BlipImageProcessor

    datasets.disable_progress_bars()
    datasets.disable_caching()
    processor = BlipImageProcessor(size={"height": 224, "width": 224})
    rows = datasets.Dataset.from_dict({"video": paths})
    start = time.monotonic()
    rows.map(article, fn_kwargs={"processor": processor}, num_proc=processes, writer_batch_size=32).save_to_disk(str(out))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, used.ru_utime + used.ru_stime


def time_ours(paths):
    manifest = Path(paths[0]).parent / "manifest.csv"
    manifest.write_text("video,label\n" + "".join(f"{path},clip\n" for path in paths))
    start = time.monotonic()
    subprocess.run([f"{os.environ['BIN']}/vbprep", "build-shards", manifest, "--out", out, "--jobs", str(processes), "--strict"], check=True, capture_output=True)
    seconds = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, used.ru_utime + used.ru_stime


if __name__ == "__main__":
    folder = out.parent / "copies"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    folder.mkdir()
    paths = [str(shutil.copy(video, folder / f"{number:05}{video.suffix}")) for number in range(copies)]
    seconds, used = {"ours": time_ours, "article": time_article}.get(side, time_peer)(paths)
    print(json.dumps({"clips": copies, "seconds": seconds, "processor_milliseconds": 1000 * used / copies}))

"""How many of the frames that prepare.py stored are those of a full decode in presentation order.

Tools differ in how they convert colours and resize, so a frame is right if it looks like the one asked for (grey values
4 levels apart on average, at most) and no more like the one before or after it.
"""
import sys

import av
import numpy as np
from PIL import Image

sys.path.insert(0, "python")
MEAN = np.array([0.48145466, 0.4578275, 0.40821073]).reshape(3, 1, 1, 1)
STD = np.array([0.26862954, 0.26130258, 0.27577711]).reshape(3, 1, 1, 1)


def decode(video):
    with av.open(str(video)) as container:
        yield from enumerate(container.decode(video=0))


def expected(video):
    """The number of frames, and for each of 8 sampled ones a dict of grey pictures of it (0) and its neighbours (-1, 1)."""
    count = sum(1 for _ in decode(video))
    sampled = np.linspace(0, count - 1, 8, dtype=int)
    pictures = {}
    for number, frame in decode(video):
        if abs(sampled - number).min() <= 1:
            upright = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
            small = Image.fromarray(np.ascontiguousarray(upright)).resize((224, 224), Image.BICUBIC)
            pictures[number] = np.asarray(small, dtype=np.float32).mean(axis=2)
    return count, [{offset: pictures[i + offset] for offset in (-1, 0, 1) if i + offset in pictures} for i in sampled]


def stored(side, out):
    """The pixels of a clip, (C, T, 224, 224) in 0...255."""
    if side == "ours":
        import vbprep

        return vbprep.open(out).split("train")[0]["pixel_values"]
    if side == "article":
        import datasets

        return (np.array(datasets.load_from_disk(str(out))[0]["pixel_values"]) * STD + MEAN) * 255
    return np.load(out / "00000000.npy")


def count_right(side, out, wanted):
    """How many of the 8 frames in `out` are `wanted`, the list from `expected`."""
    right = 0
    for grey, pictures in zip(np.asarray(stored(side, out), dtype=np.float32).mean(axis=0), wanted, strict=True):
        distances = {offset: abs(grey - picture).mean() for offset, picture in pictures.items()}
        right += bool(distances[0] <= 4 and distances[0] <= min(distances.values()) + 0.02)
    return right

"""Compares count, times and sampled frames of generated clips with a full decode by libavcodec.

Needs ffmpeg with its usual encoders, Pillow and libzstd.
"""
import argparse
import ctypes
import ctypes.util
import json
import random
import shutil
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from clips import ENCODERS, FAMILY, SIZE, encode, reference, run, vary

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("program", type=lambda path: Path(path).resolve(), help="vbprep")
parser.add_argument("count", type=int, nargs="?", default=360, help="how many clips (360)")
parser.add_argument("--seed", type=int, default=7)
parser.add_argument("--mutants", type=int, default=0, help="damage that many clips of the MPEG family instead: what is stored must be what a full decode of the damaged clip gives")
options = parser.parse_args()
mutants, generator = options.mutants, random.Random(options.seed)
work = Path(tempfile.mkdtemp(prefix="vbprep-exactness-"))
FRAMES = 8
zstd = ctypes.CDLL(ctypes.util.find_library("zstd"))
zstd.ZSTD_decompress.restype = ctypes.c_size_t


def expected(truth, start, end):
    inside = [i for i, s in enumerate(truth["seconds"]) if (start is None or s >= start) and (end is None or s < end)]
    if not inside:
        return None
    first, number = inside[0], inside[-1] - inside[0] + 1
    # As numpy.linspace(0, N - 1, T, dtype=int).
    step = (number - 1) / (FRAMES - 1)
    return [first + (number - 1 if i == FRAMES - 1 else int(i * step)) for i in range(FRAMES)]


def stored(folder):
    """Receipt and pixels of every stored clip, by path and window."""
    found = {}
    for tar in sorted((folder / "shards").glob("*.tar")):
        members = {}
        with tarfile.open(tar) as archive:
            for member in archive:
                members.setdefault(member.name.split(".")[0], {})[member.name.split(".", 1)[1]] = archive.extractfile(member).read()
        for sample in members.values():
            told = json.loads(sample["json"])
            packed = sample["pixel_values.npy.zst"]
            buffer = ctypes.create_string_buffer(FRAMES * 3 * SIZE * SIZE + 4096)
            size = zstd.ZSTD_decompress(buffer, len(buffer), packed, len(packed))
            pixels = buffer.raw[size - FRAMES * 3 * SIZE * SIZE : size]
            found[told["video"], told["start"], told["end"]] = told["receipt"], pixels
    return found


def build(rows):
    (work / "m.csv").write_text("video,label,start,end\n" + "".join(f"{p.name},{i % 2},{s or ''},{e or ''}\n" for i, (p, s, e) in enumerate(rows)))
    shutil.rmtree(work / "out", ignore_errors=True)
    result = run(options.program, "build-shards", work / "m.csv", "--out", work / "out", "--frames", FRAMES, "--image-size", SIZE, "--no-autorotate", "--timeout", "20", "--json", timeout=3600)
    if result.returncode:
        sys.exit(f"exit {result.returncode}: {result.stderr.decode()[-2000:]}; see {work}")
    return stored(work / "out"), json.loads(result.stdout)


def compare(row, truth, sample):
    """What is wrong with a stored sample; `None` if nothing is."""
    receipt, pixels = sample
    path, start, end = row
    if receipt["num_frames"] != len(truth["frames"]):
        return f"{receipt['num_frames']} frames, not {len(truth['frames'])}"
    indices = expected(truth, start, end)
    if receipt["frame_indices"] != indices:
        return f"frames {receipt['frame_indices']}, not {indices}"
    if [truth["times"][i] for i in indices] != [t for t in receipt["pts"]]:
        return f"times {receipt['pts']}, not {[truth['times'][i] for i in indices]}"
    for slot, index in enumerate(indices):
        image = Image.frombytes("RGB", truth["size"], truth["frames"][index])
        if truth["size"] != (SIZE, SIZE):
            image = image.resize((SIZE, SIZE), Image.BICUBIC)
        planes = [channel.tobytes() for channel in image.split()]
        for channel in range(3):
            at = (channel * FRAMES + slot) * SIZE * SIZE
            if pixels[at : at + SIZE * SIZE] != planes[channel]:
                return f"frame {index} in slot {slot} differs"
    return None


def mutate(path, number):
    data = bytearray(path.read_bytes())
    kind = number % 4
    if kind == 0:
        for _ in range(generator.choice([1, 3, 10])):
            data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    elif kind == 1:
        del data[generator.randrange(len(data) // 2, len(data)) :]
    elif kind == 2:
        start = generator.randrange(len(data))
        del data[start : start + generator.randrange(1, 400)]
    else:
        place = data.find(generator.choice([b"\0\0\1\xb6", b"\0\0\1\0", b"00dc"]), generator.randrange(len(data)))
        data[place + 4 + generator.randrange(4) if 0 <= place < len(data) - 8 else 0] ^= 1 << generator.randrange(8)
    other = path.with_name(f"{path.stem}_m{number}{path.suffix}")
    other.write_bytes(data)
    return other


clips = []
pool = [e for e in ENCODERS if e[0] in FAMILY] if mutants else ENCODERS
number = 0
wanted = min(options.count, 120) if mutants else options.count
while len(clips) < wanted:
    encoder, settings, containers = pool[number % len(pool)]
    path = encode(work, generator, number, encoder, settings, generator.choice(containers))
    number += 1
    if path is None:
        continue
    clips.append(path)
    other = vary(path, generator)
    if other is not None:
        clips.append(other)
if mutants:
    clips = [mutate(generator.choice(clips), i) for i in range(mutants)]
rows = [(path, None, None) for path in clips]
if not mutants:
    for path in generator.sample(clips, len(clips) // 2):
        rows.append((path, generator.choice([None, 0.2, 0.5]), generator.choice([None, 0.9, 1.3])))
    rows = list(dict.fromkeys(rows))
with ThreadPoolExecutor(2) as executor:
    truths = dict(zip(clips, executor.map(reference, clips)))
samples, summary = build(rows)
ways, wrong, missing, by_reason = {}, [], [], {}
for row in rows:
    path, start, end = row
    sample = samples.get((path.name, str(start or ""), str(end or "")))
    truth = truths[path]
    codec = path.name.split("_")[1]
    if sample is None:
        # An empty window is as it should be; damage may be judged more strictly than by the program ffmpeg.
        if truth and truth["frames"] and expected(truth, start, end) and not truth["errors"] and not mutants:
            missing.append(f"{path.name} {start} {end}")
        continue
    fault = compare(row, truth, sample) if truth else "stored although it does not decode"
    if fault:
        wrong.append(f"{path.name} {start} {end} ({sample[0]['decoding']}): {fault}; {truth and truth['errors']}")
    way = sample[0]["decoding"]
    ways.setdefault(codec, {}).setdefault(way, 0)
    ways[codec][way] += 1
    if way == "sequential":
        by_reason[codec, sample[0]["fallback_reason"]] = by_reason.get((codec, sample[0]["fallback_reason"]), 0) + 1
for codec in sorted(ways):
    print(f"{codec:14} {ways[codec]}")
for (codec, reason), times in sorted(by_reason.items()):
    print(f"  sequential {times:4} × {codec}: {reason}")
for text in missing + wrong:
    print("WRONG" if text in wrong else "QUARANTINED", text)
print(f"{len(clips)} clips, {len(rows)} rows: {len(samples)} stored, {len(wrong)} wrong, {len(missing)} refused although ffmpeg decodes them; {summary['reasons']}")
if wrong:
    sys.exit(f"see {work}")
shutil.rmtree(work)

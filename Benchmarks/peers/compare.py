"""Times build-shards and its peers on every video in a folder, in turn, and prints medians as a Markdown table.

Usage: compare.py VIDEOS ROUNDS COPIES. Each side prepares COPIES copies of a file with a process for each processor;
a tenth of them of files longer than a minute and a half; the article's way a tenth of that, once if it is a long file.
"""
import datetime
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from check import count_right, expected

PEERS = ["torchcodec", "decord", "tensorcodec", "article"]
rounds, copies, processes = int(sys.argv[2]), int(sys.argv[3]), len(os.sched_getaffinity(0))


def probe(video):
    """Codec, size and duration in seconds; `None` if it is no video."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json", "-show_entries", "stream=codec_name,width,height:format=duration", video]
    found = json.loads(subprocess.run(command, capture_output=True).stdout or "{}")
    if not found.get("streams"):
        return None
    stream = found["streams"][0]
    return f"{stream['codec_name']} {stream['width']}×{stream['height']}", float(found["format"].get("duration", 0))


def run(side, video, number, out):
    """Clips per second of a run, `None` if it fails."""
    command = [sys.executable, Path(__file__).with_name("prepare.py"), side, video, number, out, processes]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode:
        print(f"  {side} fails: {result.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    told = json.loads(result.stdout.splitlines()[-1])
    print(f"  {side:12}{told['clips'] / told['seconds']:8.1f} clips/s {told['processor_milliseconds']:8.1f} ms of processor time a clip", file=sys.stderr)
    return told["clips"] / told["seconds"]


def measure(video, seconds, out):
    """Median clips per second and number of right frames of each side that can, and the number of frames."""
    frames, wanted = expected(video)
    rates, right = {}, {}
    number = copies if seconds < 90 else max(processes, copies // 10)
    for turn in range(rounds):
        for side in ["ours", *PEERS]:
            if turn and (side not in rates or side == "article" and seconds > 90):
                continue
            rate = run(side, video, number if side != "article" else max(processes, number // 10), out)
            if rate is not None:
                rates.setdefault(side, []).append(rate)
                right[side] = count_right(side, out, wanted)
    return {side: statistics.median(values) for side, values in rates.items()}, right, frames


processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), "unknown processor")
rows, ratios = [], {peer: [] for peer in PEERS}
with tempfile.TemporaryDirectory() as work:
    for video in sorted(Path(sys.argv[1]).iterdir()):
        facts = probe(video)
        if not facts:
            continue
        print(f"{video.name} ...", file=sys.stderr)
        rates, right, frames = measure(video, facts[1], Path(work) / "out")
        if "ours" not in rates:
            sys.exit(f"build-shards fails on {video}")
        cells = []
        for peer in PEERS:
            if peer in rates:
                ratios[peer].append(rates["ours"] / rates[peer])
            cells.append(f"{ratios[peer][-1]:.2f}× · {right[peer]}/8" if peer in rates else "cannot")
        rows.append(f"| {video.name} | {facts[0]}, {frames} frames | {rates['ours']:.3g} · {right['ours']}/8 | {' | '.join(cells)} |")
        print(rows[-1], file=sys.stderr)
means = [f"{math.exp(statistics.fmean(map(math.log, found))):.2f}×" if found else "" for found in ratios.values()]
print(f"{datetime.date.today()}, {processor}, {processes} processes, {copies} copies, medians of {rounds} rounds.")
print("Ours: clips/s; peers: how many times faster ours is; each with how many of 8 sampled frames are the right ones.\n")
print(f"| file | video | ours | {' | '.join(PEERS)} |\n|---|---|---|{'---|' * len(PEERS)}")
print(*rows, f"| **geometric mean** | | | {' | '.join(means)} |", sep="\n")

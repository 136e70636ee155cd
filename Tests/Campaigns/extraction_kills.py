"""Kills extract-features with SIGKILL at random instants of one large shard; the next run encodes only what was in flight.

Usage: extraction_kills.py VBPREP VIDEOS [KILLS]: the program, a folder of videos, how often to kill (20).
"""
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

program, videos, kills = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), int((sys.argv + ["20"])[3])
generator = random.Random(7)
work = Path(tempfile.mkdtemp(prefix="vbprep-extraction-"))
rows = ["video,label,split,start"] + [f"real/park.mp4,x,train,{i / 256:.4f}" for i in range(256)]
(work / "m.csv").write_text("\n".join(rows) + "\n")
subprocess.run([program, "build-shards", work / "m.csv", "--root", videos, "--out", work / "pixels", "--frames", "8"],
               check=True, capture_output=True)
model = Path(__file__).parent / "../../models/vit-small-14"
command = [program, "extract-features", "--shards", work / "pixels", "--model", model.resolve(), "--tokens", "cls", "--json"]


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
            if p.is_file() and p.name != "build-report.json"}


def journaled(folder):
    """What the features of every sample in a journal or a finished shard were made from."""
    lines = [line for p in folder.rglob("*.journal") for line in p.read_text().splitlines() if line.endswith("}")]
    entries = [json.loads(line) for line in lines]
    entries += [sample for p in folder.glob("**/shards/*.json") for sample in json.loads(p.read_text())["samples"]]
    return {entry["origin"]["pixels_sha256"] for entry in entries if "origin" in entry}


start = time.monotonic()
subprocess.run(command + ["--out", work / "whole"], check=True, capture_output=True)
seconds = time.monotonic() - start
sidecars = [json.loads(p.read_text()) for p in (work / "whole" / "shards").glob("*.json")]
distinct = {sample["origin"]["pixels_sha256"] for sidecar in sidecars for sample in sidecar["samples"]}
for number in range(kills):
    shutil.rmtree(work / "killed", ignore_errors=True)
    process = subprocess.Popen(command + ["--out", work / "killed"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(generator.uniform(0.1, 0.9) * seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = journaled(work / "killed")
    last = json.loads(subprocess.run(command + ["--out", work / "killed"], check=True, capture_output=True).stdout)
    print(f"kill {number + 1}: {len(kept)} of {len(distinct)} kept, {last['encoded']} encoded by the next run", flush=True)
    # Clips that show the same frames are encoded once.
    if last["encoded"] < len(distinct) - len(kept) or last["encoded"] > last["clips"] - len(kept):
        sys.exit(f"what was kept was encoded again, or something is missing; see {work}")
    if contents(work / "killed") != contents(work / "whole"):
        sys.exit(f"differs; see {work}")
print(f"{kills} kills: nothing that was kept was encoded again, and the bytes are the same")
shutil.rmtree(work)

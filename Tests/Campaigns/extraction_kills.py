"""Kills extract-features with SIGKILL at random instants of one large shard; each run may encode only clips in flight again.

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


start = time.monotonic()
subprocess.run(command + ["--out", work / "whole"], check=True, capture_output=True)
seconds = time.monotonic() - start
done = 0
while done < kills:
    process = subprocess.Popen(command + ["--out", work / "killed"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(generator.uniform(0.1, 0.3) * seconds)
        shutil.rmtree(work / "killed")
        continue
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done += 1
    kept = sum(sum(1 for line in p.read_text().splitlines() if line.endswith("}"))
               for p in (work / "killed").rglob("*.journal")) if (work / "killed").exists() else 0
    print(f"kill {done}: {kept} samples in journals", flush=True)
last = json.loads(subprocess.run(command + ["--out", work / "killed"], check=True, capture_output=True).stdout)
if contents(work / "killed") != contents(work / "whole"):
    sys.exit(f"differs after {done} kills; see {work}")
print(f"{done} kills, then {last['encoded']} of 256 clips encoded, {last['carried']} carried; the same bytes")
shutil.rmtree(work)

"""Kills build-shards with SIGKILL at random instants and goes on; the result must equal an undisturbed build.

Usage: kills.py VBPREP VIDEOS [KILLS]: the program, a folder of videos, how often to kill (200).
"""
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

program, videos, kills = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), int((sys.argv + ["200"])[3])
generator = random.Random(7)
work = Path(tempfile.mkdtemp(prefix="vbprep-kills-"))
files = sorted(p for p in videos.rglob("*") if p.is_file() and p.suffix not in (".md", ".csv"))
rows = ["video,label,start"] + [f"{p},{i % 3},{s}" for s in (0, 0.1) for i, p in enumerate(files)]
(work / "m.csv").write_text("\n".join(rows) + "\n")
command = [str(program), "build-shards", str(work / "m.csv"), "--shard-clips", "6", "--frames", "3", "--image-size", "64"]


def contents(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "build-report.json"
    }


start = time.monotonic()
subprocess.run(command + ["--out", str(work / "whole")], check=True, capture_output=True)
seconds = time.monotonic() - start
whole = contents(work / "whole")
done = finished = 0
while done < kills:
    shutil.rmtree(work / "killed", ignore_errors=True)
    while done < kills:
        process = subprocess.Popen(
            command + ["--out", str(work / "killed")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(generator.uniform(0, seconds))
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            done += 1
    subprocess.run(command + ["--out", str(work / "killed")], check=True, capture_output=True)
    finished += 1
    found = contents(work / "killed")
    if found != whole:
        names = {n for n in found.keys() | whole.keys() if found.get(n) != whole.get(n)}
        sys.exit(f"differs after {done} kills: {sorted(names)}; see {work}")
print(f"{done} kills, {finished} datasets of {len(whole)} files, every one byte-identical to the undisturbed build")
shutil.rmtree(work)

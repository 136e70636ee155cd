"""Lets build-shards run into file size limits and, as root, full disks; then goes on without them.

Usage: limits.py VBPREP VIDEOS: every attempt must say why it stopped, and the last must equal an undisturbed build.
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

program, videos = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
work = Path(tempfile.mkdtemp(prefix="vbprep-limits-"))
files = sorted(p for p in videos.rglob("*") if p.is_file() and p.suffix not in (".md", ".csv"))
(work / "m.csv").write_text("video,label\n" + "".join(f"{p},{i % 3}\n" for i, p in enumerate(files)))
command = [str(program), "build-shards", str(work / "m.csv"), "--shard-clips", "8", "--frames", "3", "--image-size", "64"]


def contents(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "build-report.json"
    }


def attempt(out, wanted, **options):
    result = subprocess.run(command + ["--out", str(out)], capture_output=True, text=True, **options)
    if result.returncode not in (0, 75) or (result.returncode == 75 and wanted not in result.stderr):
        sys.exit(f"exit {result.returncode}: {result.stderr}")
    return result.returncode != 0


attempt(work / "whole", "")
whole = contents(work / "whole")
largest = max(len(data) for data in whole.values())
refused = 0
for limit in range(0, largest + 4096, max(1, largest // 40)):
    def lower():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    shutil.rmtree(work / "limited", ignore_errors=True)
    refused += attempt(work / "limited", "ulimit -f", preexec_fn=lower)
    attempt(work / "limited", "")
    if contents(work / "limited") != whole:
        sys.exit(f"differs after a limit of {limit} bytes")
print(f"file size limits: {refused} attempts refused, every dataset complete and identical afterwards")

if os.geteuid() == 0:
    disk, total, refused = work / "disk", sum(map(len, whole.values())), 0
    disk.mkdir()
    for size in range(32, total // 1024 + 64, max(1, total // 1024 // 20)):
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)], capture_output=True).returncode:
            print("full disks: not tried, tmpfs cannot be mounted here")
            break
        try:
            refused += attempt(disk / "out", "free space")
            subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
            attempt(disk / "out", "")
            if contents(disk / "out") != whole:
                sys.exit(f"differs after a disk of {size} KiB")
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    else:
        print(f"full disks: {refused} attempts refused, every dataset complete and identical afterwards")
shutil.rmtree(work)

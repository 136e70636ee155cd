"""Builds mutated videos: bit flips, cuts, spliced headers; the run must end well and account for every row.

Usage: mutations.py VBPREP VIDEOS [COUNT]: the program, a folder of videos, how many mutants (2000).
"""
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

program, videos, count = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), int((sys.argv + ["2000"])[3])
generator = random.Random(11)
work = Path(tempfile.mkdtemp(prefix="vbprep-mutants-"))
sources = [p for p in sorted(videos.rglob("*")) if p.is_file() and 0 < p.stat().st_size < 3_000_000]


def mutate(data, other):
    data = bytearray(data)
    kind = generator.randrange(5)
    if kind == 0:
        for _ in range(generator.choice([1, 10, 100, 1000])):
            data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    elif kind == 1:
        del data[generator.randrange(len(data)) :]
    elif kind == 2:
        size = generator.randrange(1, 4096)
        data[:size] = other[:size]
    elif kind == 3:
        for _ in range(generator.choice([1, 8, 64])):
            data[generator.randrange(min(len(data), 4096))] = generator.randrange(256)
    else:
        start = generator.randrange(len(data))
        del data[start : start + generator.randrange(1, 65536)]
    return bytes(data)


total = {"rows": 0, "stored": 0, "quarantined": 0}
reasons = {}
for batch in range(0, count, 200):
    folder = work / f"batch{batch}"
    folder.mkdir()
    rows = ["video,label"]
    for number in range(batch, min(batch + 200, count)):
        source, other = generator.choice(sources), generator.choice(sources)
        name = f"{number}{source.suffix}"
        (folder / name).write_bytes(mutate(source.read_bytes(), other.read_bytes()))
        rows.append(f"{name},{number % 2}")
    (folder / "m.csv").write_text("\n".join(rows) + "\n")
    options = [["--keep-damaged"], []][batch // 200 % 2]
    result = subprocess.run(
        [str(program), "build-shards", str(folder / "m.csv"), "--out", str(folder / "out"), "--json", "--timeout", "20"]
        + ["--frames", "3", "--image-size", "32"] + options,
        capture_output=True, text=True, timeout=3600,
    )
    if result.returncode != 0:
        sys.exit(f"exit {result.returncode}: {result.stderr[-2000:]}; see {folder}")
    summary = json.loads(result.stdout)
    if summary["rows"] != len(rows) - 1 or summary["rows"] != summary["stored"] + summary["quarantined"]:
        sys.exit(f"rows are missing: {summary}; see {folder}")
    for key in total:
        total[key] += summary[key]
    for reason, number in summary["reasons"].items():
        reasons[reason] = reasons.get(reason, 0) + number
    shutil.rmtree(folder)
print(f"{total['rows']} mutants = {total['stored']} stored + {total['quarantined']} quarantined; {reasons}")
shutil.rmtree(work)

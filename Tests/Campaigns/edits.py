"""Edits a manifest at random, builds and extracts after each edit, and kills some of these runs.

After every edit the dataset must equal one built anew from that manifest, clips decoded and encoded must be those
never seen before, and rows = stored + quarantined.

Usage: edits.py VBPREP VIDEOS [SEQUENCES] [EDITS]: the program, a folder of videos, how many sequences (40) of how
many edits each (8).
"""
import csv
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

program, videos = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
sequences, edits = int(sys.argv[3]) if len(sys.argv) > 3 else 40, int(sys.argv[4]) if len(sys.argv) > 4 else 8
work = Path(tempfile.mkdtemp(prefix="vbprep-edits-"))
names = ["real/park.mp4", "real/realshort.mp4", "real/carphone_pristine.mp4", "derived/one_frame.mp4",
         "derived/three_frames_mjpeg.avi", "derived/world_hevc.mp4", "derived/text.mp4", "real/band.gif"]
columns = ["video", "label", "split", "task", "prompt", "start", "end"]


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
            if p.is_file() and p.name != "build-report.json"}


class Sequence:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.folder = work / str(seed)
        self.root = self.folder / "videos"
        self.root.mkdir(parents=True)
        for name in names:
            (self.root / "a").mkdir(exist_ok=True)
            shutil.copy(videos / name, self.root / "a" / Path(name).name)
        self.rows = []
        self.options = {"--shard-clips": 4, "--seed": 42, "--split": "0.6,0.2,0.2"}
        self.seen, self.encoded, self.kills = set(), set(), 0
        for _ in range(12):
            self.insert()

    # Edits
    def files(self):
        return sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file())

    def insert(self):
        start = self.random.choice(["", "0", "0.1", "0.25"])
        row = [self.random.choice(self.files()), self.random.choice("xyz"), self.random.choice(["", "", "train", "test"]),
               self.random.choice(["", "what"]), self.random.choice(["", "Which?"]), start, self.random.choice(["", "0.8"])]
        self.rows.insert(self.random.randint(0, len(self.rows)), row)

    def delete(self):
        if len(self.rows) > 3:
            self.rows.pop(self.random.randrange(len(self.rows)))

    def move(self):
        self.random.shuffle(self.rows)

    def relabel(self):
        self.random.choice(self.rows)[1] = self.random.choice("xyz")

    def new_class(self):
        self.random.choice(self.rows)[1] = self.random.choice(["0first", "mid", "zz"])

    def removed_class(self):
        label = self.random.choice(self.rows)[1]
        left = [r for r in self.rows if r[1] != label]
        self.rows = left if len(left) > 2 else self.rows

    def new_task(self):
        row = list(self.random.choice(self.rows))
        row[3], row[1] = f"task{self.random.randint(1, 3)}", self.random.choice(["yes", "no"])
        self.rows.append(row)

    def renamed_file(self):
        old = self.random.choice(self.files())
        new = str(Path(old).with_name(f"r{self.random.randrange(1000)}{Path(old).suffix}"))
        os.rename(self.root / old, self.root / new)
        for row in self.rows:
            row[0] = new if row[0] == old else row[0]

    def renamed_folder(self):
        old = Path(self.files()[0]).parts[0]
        new = f"f{self.random.randrange(1000)}"
        if (self.root / new).exists():
            return
        os.rename(self.root / old, self.root / new)
        for row in self.rows:
            row[0] = str(Path(new, *Path(row[0]).parts[1:])) if Path(row[0]).parts[0] == old else row[0]

    def touched(self):
        os.utime(self.root / self.random.choice(self.files()))

    def changed_content(self):
        target = self.root / self.random.choice(self.files())
        target.unlink()
        # Longer than every window: a content without frames there would leave the old sample in place.
        shutil.copy(videos / self.random.choice(["real/park.mp4", "real/carphone_pristine.mp4", "derived/world_hevc.mp4"]), target)

    def other_shard_clips(self):
        self.options["--shard-clips"] = self.random.choice([1, 2, 4, 100])

    def other_seed(self):
        self.options["--seed"] = self.random.randrange(100)

    def other_split(self):
        self.options["--split"] = self.random.choice(["0.8,0.1,0.1", "0.5,0.25,0.25", "1,0,0"])

    # Runs
    def run(self, arguments, kill):
        command = [str(program)] + [str(a) for a in arguments] + ["--json"]
        if kill:
            for _ in range(self.random.randint(1, 3)):
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    process.wait(self.random.uniform(0.02, 0.5))
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    self.kills += 1
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode not in (0,):
            sys.exit(f"{command}: exit {result.returncode}\n{result.stderr}\n{work}")
        return json.loads(result.stdout)

    def build(self, out, kill=False):
        table = io.StringIO()
        csv.writer(table, lineterminator="\n").writerows([columns] + self.rows)
        (self.folder / "m.csv").write_text(table.getvalue())
        options = [x for pair in self.options.items() for x in pair]
        summary = self.run(["build-shards", self.folder / "m.csv", "--root", self.root, "--out", out, "--frames", 2,
                            "--image-size", 28] + options, kill)
        if summary["rows"] != len(self.rows) or summary["rows"] != summary["stored"] + summary["quarantined"]:
            sys.exit(f"{len(self.rows)} rows became {summary}")
        return summary

    def identities(self):
        """Content and window of every clip that can be stored."""
        found = set()
        for row in csv.DictReader(open(self.folder / "data" / "questions.csv")):
            content = hashlib.sha256((self.root / row["video"]).read_bytes()).hexdigest()
            found.add((content, row["start"], row["end"]))
        return found

    def pixels(self):
        """What features are made from: the sha256 of every stored pixel member."""
        sidecars = [json.loads(p.read_text()) for p in (self.folder / "data" / "shards").glob("*.json")]
        return {sample["members"][0]["sha256"] for sidecar in sidecars for sample in sidecar["samples"]}

    def check(self, kill):
        data, fresh = self.folder / "data", self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self.folder / "fresh-features", ignore_errors=True)
        decoded = self.build(data, kill)["decoded"]
        self.build(fresh)
        new = self.identities() - self.seen
        if not kill and decoded != len(new):
            return f"{decoded} clips decoded, {len(new)} never seen"
        self.seen |= new
        if contents(data) != contents(fresh):
            return f"pixels differ: {[n for n in contents(fresh) if contents(data).get(n) != contents(fresh)[n]]}"
        extract = ["extract-features", "--model", "preset:tiny", "--precision", "float32", "--shards"]
        encoded = self.run(extract + [data], kill)["encoded"]
        self.run(extract + [fresh], False)
        if not kill and self.encoded and encoded != len(self.pixels() - self.encoded):
            return f"{encoded} clips encoded, {len(self.pixels() - self.encoded)} never seen"
        self.encoded |= self.pixels()
        features, expected = contents(self.folder / "data-features"), contents(self.folder / "fresh-features")
        return "" if features == expected else f"features differ: {features.keys() ^ expected.keys()}"


total = kills = 0
kinds = ["insert", "insert", "delete", "move", "relabel", "new_class", "removed_class", "new_task", "renamed_file",
         "renamed_folder", "touched", "changed_content", "other_shard_clips", "other_seed", "other_split"]
for seed in range(sequences):
    sequence = Sequence(seed)
    done = ["begin"]
    for step in range(edits + 1):
        if step:
            done.append(sequence.random.choice(kinds))
            getattr(sequence, done[-1])()
        fault = sequence.check(kill=step and sequence.random.random() < 0.3)
        if fault:
            sys.exit(f"sequence {seed}, {' > '.join(done)}: {fault}; see {sequence.folder}")
        total += step > 0
    kills += sequence.kills
    shutil.rmtree(sequence.folder)
print(f"{sequences} sequences, {total} edits, {kills} kills: every dataset equals one built anew, and no clip was decoded or "
      "encoded twice")
shutil.rmtree(work)

"""What the cases of trust.py share: the table of cases, small datasets and runs, and what may never be seen."""
import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

fixtures = Path(__file__).resolve().parent.parent / "Fixtures"
videos = fixtures / "videos"
cases = []
# Texts of a crash, and of errors that no one has put into a sentence.
raw_errors = r"Fatal error|Program crashed|Error Domain|(En|De)codingError|dataCorrupted|keyNotFound|Swift\.|Optional\("


class Fault(Exception):
    """What a case saw that must not be."""


def case(item, name):
    """Enters a function into the table as the case `name` of item `item`."""
    def enter(function):
        cases.append((item, name, function))
        return function
    return enter


def require(holds, sentence):
    if not holds:
        raise Fault(sentence)


def manifest(rows, columns="video,label,split,start"):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns.split(",")] + rows)
    return text.getvalue()


def windows(count=12, step=0.02):
    """Rows of two classes in three splits."""
    splits = ["train", "train", "val", "test"]
    return [["real/park.mp4" if i % 2 else "real/realshort.mp4", "ab"[i % 2], splits[i // 2 % 4], f"{step * i:.3f}"]
            for i in range(count)]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def flip(path, offset, bit=1):
    data = bytearray(path.read_bytes())
    data[offset] ^= bit
    path.write_bytes(data)


def flip_member(tar, suffix):
    """Flips a bit in the middle of the first member whose name ends in `suffix`."""
    with tarfile.open(tar) as archive:
        member = next(m for m in archive if m.name.endswith(suffix))
    flip(tar, member.offset_data + member.size // 2)


def sidecars(directory):
    return [json.loads(path.read_text()) for path in sorted((directory / "shards").glob("*.json"))]


def samples(directory):
    return [sample for sidecar in sidecars(directory) for sample in sidecar["samples"]]


def contents(directory):
    return {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*"))
            if p.is_file() and p.name != "build-report.json"}


def edit_json(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value, indent=2))


def children(pid):
    """Processes that `pid` has started."""
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in thread.read_text().split()]
        except OSError:
            pass
    return found


def wait_for(condition, process=None, seconds=60):
    """Waits until `condition` is true; false if it is not in time, or when `process` has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        if process and process.poll() is not None:
            return condition()
        time.sleep(0.002)
    return False


class Bench:
    """The programs, and what all cases start from, made once."""

    small = ["--frames", "2", "--image-size", "28"]
    short = ["--epochs", "3", "--batch-size", "2", "--gradient-accumulation", "2", "--logging-steps", "1"]

    def __init__(self, binaries):
        self.binaries = Path(binaries).resolve()
        self.work = Path(tempfile.mkdtemp(prefix="vbprep-trust-"))
        self.folder = self.work / "base"
        self.folder.mkdir()
        shutil.copytree(fixtures / "golden/blip2-tiny", self.folder / "model")
        (self.folder / "m.csv").write_text(manifest(windows()))
        self.expect(self.build("m.csv", "pixels"), 0)
        self.expect(self.extract("pixels", "features"), 0)
        self.expect(self.train("features", "run"), 0)
        self.base = self.folder

    def begin(self, number):
        self.folder = self.work / str(number)
        self.folder.mkdir()

    def copy(self, *names):
        """Puts the base's own `names` into the folder of the case."""
        for name in names:
            source = self.base / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.folder / name)
        return self.folder / names[0]

    def command(self, program, *arguments):
        return [str(self.binaries / program)] + [str(a) for a in arguments]

    def environment(self, changes):
        known = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "VBPREP_", "OMPI_", "PMI"))}
        return known | {"SWIFT_BACKTRACE": "enable=no"} | {k: str(v) for k, v in (changes or {}).items()}

    def start(self, program, *arguments, env=None, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen(self.command(program, *arguments), cwd=self.folder, env=self.environment(env), text=True, **options)

    def finish(self, process, seconds=60):
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Fault(f"it still runs after {seconds} s")
        return subprocess.CompletedProcess(process.args, process.returncode, output or "", errors or "")

    def run(self, program, *arguments, seconds=60, **options):
        return self.finish(self.start(program, *arguments, **options), seconds)

    def shell(self, line, seconds=60):
        """A line for bash in which `vbprep` and `vbtrain` are the programs."""
        functions = "".join(f'{p}() {{ "{self.binaries / p}" "$@"; }}; ' for p in ("vbprep", "vbtrain"))
        process = subprocess.Popen(["bash", "-c", functions + line], cwd=self.folder, env=self.environment({}),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self.finish(process, seconds)

    def build(self, table, out, *options, **more):
        line = ["build-shards", table, "--root", videos, "--out", out, "--jobs", "2", *self.small, *options]
        return self.run("vbprep", *line, **more)

    def extract(self, shards, out, *options, model=None, **more):
        model = model or (self.folder / "model" if (self.folder / "model").exists() else self.base / "model")
        return self.run("vbprep", "extract-features", "--shards", shards, "--out", out, "--model", model,
                        "--precision", "float32", *options, **more)

    def train(self, shards, out, *options, **more):
        return self.run("vbtrain", "--shards", shards, "--out", out, *self.short, *options, **more)

    def expect(self, result, codes, words="", says_nothing_of=None):
        """Requires one of the exit codes and, in what was printed, `words` (a regular expression)."""
        text = f"{result.stdout}{result.stderr}"
        codes = (codes,) if isinstance(codes, int) else codes
        tail = " ".join(result.stderr.split())[-300:]
        require(result.returncode >= 0 and result.returncode not in range(131, 140), f"died of signal {-result.returncode}: {tail}")
        require(not re.search(raw_errors, text), f"raw error: {tail}")
        require(result.returncode in codes, f"exit {result.returncode} instead of {' or '.join(map(str, codes))}: {tail}")
        require(re.search(words, text, re.I | re.S), f"no word of `{words}`: {tail}")
        if says_nothing_of:
            require(not re.search(says_nothing_of, text, re.I), f"speaks of `{says_nothing_of}`: {tail}")
        return result

    def json(self, result):
        require(result.returncode == 0, f"exit {result.returncode}: {result.stderr[-300:]}")
        return json.loads(result.stdout)

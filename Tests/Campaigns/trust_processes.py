"""Items 13, 18, 19, 25: streams, workers and the sources themselves."""
import os
import pty
import re
import subprocess
from pathlib import Path

from trust_support import case, children, manifest, require, videos, wait_for

root = Path(__file__).resolve().parent.parent.parent
clip = videos / "real/park.mp4"

# Item 13: results that cannot be written, and progress that cannot.
results = {"verify": "vbprep verify PIXELS", "verify --json": "vbprep verify PIXELS --json", "inspect": "vbprep inspect PIXELS",
           "build-shards --json": "vbprep build-shards m.csv --root VIDEOS --out out --frames 1 --image-size 28 --json",
           "extract-features": "vbprep extract-features --shards PIXELS --model preset:tiny --out out",
           "doctor": "vbprep doctor m.csv --root VIDEOS", "manifest": "vbprep manifest VIDEOS/real/..",
           "train --json": "vbtrain --shards FEATURES --out new --epochs 1 --json", "evaluate": "vbtrain evaluate run",
           "evaluate --json": "vbtrain evaluate run --json", "predict": f"vbtrain predict run {clip}",
           "predict --json": f"vbtrain predict run {clip} --json", "report": "vbtrain report run"}


def line(t, text):
    t.copy("run", "m.csv")
    for word, path in [("PIXELS", t.base / "pixels"), ("FEATURES", t.base / "features"), ("VIDEOS", videos)]:
        text = text.replace(word, str(path))
    return text


for name, text in results.items():
    @case(13, f"{name}: stdout full or closed is 75, stderr full or closed is nothing")
    def streams(t, text=text):
        command = line(t, text)
        for redirection, code in [("2>/dev/full", 0), ("2>&-", 0), (">/dev/full", 75), (">&-", 75)]:
            t.expect(t.shell(f"rm -rf out new; {command} {redirection}"), code)


@case(13, "a terminal that dies does not end a training")
def dead_terminal(t):
    master, slave = pty.openpty()
    process = t.start("vbtrain", "--shards", t.base / "features", "--out", "run", "--epochs", "40", "--batch-size", "1",
                      "--early-stopping-patience", "0", "--gradient-accumulation", "1", "--logging-steps", "1",
                      "--save-strategy", "no", stderr=slave, stdout=subprocess.DEVNULL)
    os.close(slave)
    log = t.folder / "run/log.jsonl"
    wait_for(lambda: log.exists() and log.stat().st_size > 0, process)
    os.close(master)
    require(process.wait(120) == 0, f"exit {process.returncode}")


# Item 18: what workers inherit.
def worker(t, **options):
    """A worker of a running build, and the build."""
    (t.folder / "m.csv").write_text(manifest([["real/bikes.mp4", "a", "train", f"0.{i}"] for i in range(1000, 1400)]))
    process = t.start("vbprep", "build-shards", "m.csv", "--root", videos, "--out", "out", "--jobs", "2", **options)
    works = lambda: len(children(process.pid)) == 2 and list((t.folder / "out").rglob("*.journal"))
    require(wait_for(works, process), "no worker was started")
    return children(process.pid)[0], process


@case(18, "workers do not inherit tokens")
def environment_of_workers(t):
    child, process = worker(t, env={"SECRET_TOKEN": "hidden", "HF_TOKEN": "hidden", "AWS_SECRET_ACCESS_KEY": "hidden"})
    found = Path(f"/proc/{child}/environ").read_bytes()
    process.kill()
    process.wait()
    require(b"hidden" not in found, "the worker has the tokens of its run")


@case(18, "workers do not inherit open files")
def files_of_workers(t):
    secret = os.open("/etc/passwd", os.O_RDONLY)
    child, process = worker(t, pass_fds=[secret])
    names = [os.readlink(p) for p in Path(f"/proc/{child}/fd").iterdir()]
    process.kill()
    process.wait()
    os.close(secret)
    require(not any("passwd" in name for name in names), f"the worker has {names}")


@case(18, "workers cannot gain privileges, start programs or open sockets")
def sandbox_of_workers(t):
    child, process = worker(t)
    status = Path(f"/proc/{child}/status").read_text()
    process.kill()
    process.wait()
    values = dict(re.findall(r"^(NoNewPrivs|Seccomp):\s*(\d)", status, re.M))
    require(values.get("NoNewPrivs") == "1" and values.get("Seccomp") == "2", f"{values}")


@case(18, "workers end with their run")
def orphans(t):
    child, process = worker(t)
    process.kill()
    process.wait()
    place = Path(f"/proc/{child}/stat")
    is_gone = lambda: not place.exists() or place.read_text().split()[2] == "Z"
    require(wait_for(is_gone, seconds=10), "a worker outlives a run that was killed")


# Items 19 and 25: what only the sources can tell.
@case(19, "the raw form of forEachInParallel is @unsafe")
def unsafe_form(t):
    text = "".join(p.read_text() for p in (root / "Sources/Tensors").rglob("*.swift"))
    found = re.findall(r"(?:@\w+\s+)*(?:public\s+|package\s+)?func forEachInParallel\b[^{]*", text)
    require(found, "there is no forEachInParallel")
    require(all("@unsafe" in one or "@Sendable" in one for one in found), f"{found}")


@case(25, "no source file is empty")
def empty_sources(t):
    paths = [p for folder in ("Sources", "Tests") for p in (root / folder).rglob("*.swift")]
    found = [str(p.relative_to(root)) for p in paths if p.stat().st_size < 20]
    require(not found, f"{found}")

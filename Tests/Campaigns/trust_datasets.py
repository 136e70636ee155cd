"""Items 4 to 8, 10, 12, 22: datasets, manifests and sources."""
import csv
import fcntl
import json
import os
import re
import shutil
import signal
import time
import unicodedata

from trust_support import (case, children, contents, flip, flip_member, manifest, require, samples, sha256, videos, wait_for, windows)


# Item 4: features of a dataset that is being made anew.
@case(4, "extract-features while another process makes the pixels anew")
def extracts_while_building(t):
    t.copy("pixels")
    lock = os.open(t.folder / "pixels", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    process = t.start("vbprep", "extract-features", "--shards", "pixels", "--out", "features", "--model", "preset:tiny")
    waits = not wait_for(lambda: process.poll() is not None, seconds=5)
    os.close(lock)
    t.expect(t.finish(process), 0 if waits else 75, "" if waits else "another|busy|use")


@case(4, "build-shards --overwrite while another process extracts features")
def builds_while_extracting(t):
    t.copy("pixels")
    lock = os.open(t.folder / "pixels", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    t.expect(t.build(t.base / "m.csv", "pixels", "--frames", "3", "--overwrite"), 75, "another|busy|use")
    os.close(lock)


@case(4, "a tar that was exchanged is not encoded")
def exchanged_tar(t):
    t.copy("pixels")
    (t.folder / "o.csv").write_text(manifest(windows(step=0.025)))
    t.expect(t.build("o.csv", "other"), 0)
    for name in ["train-00000.tar", "train-00000.json"]:
        shutil.copy(t.folder / "other/shards" / name, t.folder / "pixels/shards" / name)
    t.expect(t.extract("pixels", "features"), 65, "checksum|damaged|repair|differ|not the one")
    require(not (t.folder / "features/dataset.json").exists(), "features were published")


# Item 5: flipped bits in datasets.
@case(5, "a flipped bit in a pixel member")
def flipped_pixels(t):
    t.copy("pixels")
    flip_member(t.folder / "pixels/shards/train-00000.tar", ".npy.zst")
    t.expect(t.extract("pixels", "features"), 65, "checksum|damaged|repair")


for suffix in [".cls", ".json"]:
    @case(5, f"a flipped bit in a {suffix} member is not carried on")
    def flipped_member(t, suffix=suffix):
        t.copy("pixels", "m.csv")
        flip_member(t.folder / "pixels/shards/train-00000.tar", suffix)
        t.expect(t.run("vbprep", "verify", "pixels"), (1, 65), "checksum|differ")
        (t.folder / "m.csv").write_text((t.folder / "m.csv").read_text() + "real/carphone_pristine.mp4,a,train,0.1\n")
        edited = t.build("m.csv", "pixels")
        t.expect(edited, (0, 65))
        if edited.returncode == 0:
            t.expect(t.run("vbprep", "verify", "pixels"), 0)


@case(5, "a flipped bit in a feature member ends the training")
def flipped_features(t):
    t.copy("features")
    flip_member(t.folder / "features/shards/train-00000.tar", ".npy")
    t.expect(t.train("features", "run"), 65, "checksum|damaged|repair")


for name in ["questions.csv", "dataset.json", "shards/train-00000.json"]:
    @case(5, f"a changed digit in {name} of features")
    def changed_digit(t, name=name):
        t.copy("features")
        path = t.folder / "features" / name
        data = path.read_bytes()
        place = re.search(rb"[0-9](?=[^0-9]*$)", data).start()
        flip(path, place)
        t.expect(t.train("features", "run"), 65, "checksum|damaged|differ|readable|says|question")


# Item 6: a source that is replaced while it is read.
@case(6, "a source replaced in mid-run is not stored under the old hash")
def replaced_source(t):
    root = t.folder / "videos"
    root.mkdir()
    old, new = (videos / "real" / name for name in ("park.mp4", "carphone_pristine.mp4"))
    rows = [["a.mp4", "x", "train", f"{i / 100:.2f}"] for i in range(40)]
    (t.folder / "m.csv").write_text(manifest(rows))
    build = ["build-shards", "m.csv", "--root", root, "--jobs", "2", "--frames", "8", "--image-size", "64", "--shard-clips", "8"]
    pixels = {}
    for number, source in enumerate([old, new]):
        shutil.copy(source, root / "a.mp4")
        t.expect(t.run("vbprep", *build, "--out", f"whole{number}"), 0)
        for sample in samples(t.folder / f"whole{number}"):
            pixels[sha256(source.read_bytes()), sample["key"]] = sample["members"][0]["sha256"]
    for attempt, replace in enumerate([lambda: (shutil.copy(new, root / "n"), os.rename(root / "n", root / "a.mp4")),
                                       lambda: (root / "a.mp4").write_bytes(new.read_bytes())]):
        shutil.copy(old, root / "a.mp4")
        process = t.start("vbprep", *build, "--out", f"out{attempt}")
        wait_for(lambda: list((t.folder / f"out{attempt}").rglob("*.journal")), process)
        replace()
        t.expect(t.finish(process), (0, 1, 65, 75))
        wrong = [s["key"] for s in samples(t.folder / f"out{attempt}")
                 if pixels.get((s["origin"]["source_sha256"], s["key"])) != s["members"][0]["sha256"]]
        require(not wrong, f"{len(wrong)} of 40 clips hold other frames than those of the content that their hash says")


# Item 7: manifests, byte by byte.
def questions(t, text, *options, codes=0):
    (t.folder / "m.csv").write_bytes(text.encode())
    t.expect(t.build("m.csv", "out", *options), codes)
    with open(t.folder / "out/questions.csv", newline="") as file:
        return list(csv.DictReader(file))


@case(7, "a field that begins with a combining mark keeps its comma")
def combining_mark(t):
    rows = questions(t, "video,label,note\nreal/park.mp4,\u0301a,x\nreal/realshort.mp4,b,\u0301y\n")
    require([r["label"] for r in rows] == ["\u0301a", "b"] and rows[1]["note"] == "\u0301y", f"rows are {rows}")


@case(7, "leading blanks of fields without quotes stay")
def leading_blanks(t):
    rows = questions(t, "video,label,note\nreal/park.mp4,a,  x\nreal/realshort.mp4,b,y\n")
    require(rows[0]["note"] == "  x", f"note is {rows[0]['note']!r}")


@case(7, "empty extra columns stay")
def empty_columns(t):
    rows = questions(t, "video,label,note,other\nreal/park.mp4,a,,\nreal/realshort.mp4,b,,7\n")
    require(rows[0].get("note") == "" and rows[1].get("note") == "", f"columns are {list(rows[0])}")


@case(7, "names in NFC and NFD are two files")
def normal_forms(t):
    root = t.folder / "videos"
    root.mkdir()
    names = [unicodedata.normalize(form, "\u00e9.mp4") for form in ("NFC", "NFD")]
    for name, source in zip(names, ["park.mp4", "realshort.mp4"]):
        shutil.copy(videos / "real" / source, root / name)
    rows = questions(t, manifest([[name, label, "train", "0"] for name, label in zip(names, "ab")]), "--root", root)
    require([r["video"] for r in rows] == names, f"stored are {[r['video'] for r in rows]}")
    require(len({s["origin"]["source_sha256"] for s in samples(t.folder / "out")}) == 2, "both hold the frames of one file")


@case(7, "labels such as +1 and 01 have one order in every process")
def equal_numbers(t):
    labels = ["1", "+1", "01", "001", "2", "-0", "0"]
    (t.folder / "m.csv").write_text(manifest([["real/park.mp4", label, "train", f"0.{i}"] for i, label in enumerate(labels)]))
    made = set()
    for attempt in range(6):
        t.expect(t.build("m.csv", f"out{attempt}"), 0)
        made.add((t.folder / f"out{attempt}/dataset.json").read_bytes())
    require(len(made) == 1, f"{len(made)} different datasets in 6 processes")


@case(7, "errors name the true line after quoted line ends")
def true_lines(t):
    (t.folder / "m.csv").write_text('video,label,note\nreal/park.mp4,a,"1\n2\n3"\nreal/park.mp4,a"b,x\n')
    t.expect(t.build("m.csv", "out"), 65, r"\b5\b")


# Item 8: limits of time and machine.
@case(8, "a job suspended for longer than --timeout loses no clip")
def suspended(t):
    rows = [["real/bikes.mp4", "a", "train", f"0.{i}"] for i in range(100, 140)]
    (t.folder / "m.csv").write_text(manifest(rows))
    process = t.start("vbprep", "build-shards", "m.csv", "--root", videos, "--out", "out", "--frames", "4", "--jobs", "2",
                      "--timeout", "1", "--json", start_new_session=True)
    wait_for(lambda: list((t.folder / "out").rglob("*.journal")), process)
    os.killpg(process.pid, signal.SIGSTOP)
    time.sleep(6)
    os.killpg(process.pid, signal.SIGCONT)
    summary = t.json(t.finish(process))
    require(summary["stored"] == 40, f"{summary['stored']} of 40 stored, {summary['reasons']}")


@case(8, "workers killed from outside cost no clip")
def killed_workers(t):
    rows = [["real/bikes.mp4", "a", "train", f"0.{i}"] for i in range(100, 140)]
    (t.folder / "m.csv").write_text(manifest(rows))
    process = t.start("vbprep", "build-shards", "m.csv", "--root", videos, "--out", "out", "--frames", "4", "--jobs", "2", "--json")
    for _ in range(2):
        wait_for(lambda: len(children(process.pid)) >= 2, process)
        time.sleep(0.15)
        for child in children(process.pid)[:1]:
            os.kill(child, signal.SIGKILL)
    summary = t.json(t.finish(process))
    require(summary["stored"] == 40, f"{summary['stored']} of 40 stored, {summary['reasons']}")


@case(8, "clips that a limit ended are tried again by the same command")
def tries_again(t):
    build = ["m.csv", "out", "--json", "--frames", "4"]
    (t.folder / "m.csv").write_text(manifest([["real/bikes.mp4", "a", "train", f"0.{i}"] for i in range(8)]))
    t.expect(t.build(*build, "--worker-memory", "256"), (0, 1, 75))
    require(t.json(t.build(*build))["stored"] == 8, "clips stay in quarantine though there is memory now")


@case(8, "lack of memory is never taken for a fault of the video")
def short_of_memory(t):
    files = sorted(p for p in videos.rglob("*") if p.is_file() and p.suffix not in (".md", ".csv"))
    (t.folder / "m.csv").write_text(manifest([[p.relative_to(videos), "ab"[i % 2], "train", ""] for i, p in enumerate(files)]))
    intact = t.json(t.expect(t.build("m.csv", "whole", "--json"), 0))["reasons"]
    for megabytes in ["260", "280", "300", "320", "340"]:
        result = t.expect(t.build("m.csv", f"at{megabytes}", "--json", "--worker-memory", megabytes), (0, 1))
        found = json.loads(result.stdout)["reasons"]
        more = {reason: count for reason, count in found.items()
                if count > intact.get(reason, 0) and reason not in ("memory", "decoder-crashed")}
        require(not more, f"with {megabytes} MB {more} beyond {intact}")
    again = t.json(t.build("m.csv", "at300", "--json"))
    require(again["reasons"] == intact, f"{again['reasons']} stay in quarantine though there is memory now, not {intact}")
    require(contents(t.folder / "at300") == contents(t.folder / "whole"), "clips made when memory was short differ")


# Item 10: empty paths.
def path_options(t, program, command):
    words = "out|root|shards|model|config|classes|contact-sheet|html|init-from|resume-from|list|questions|output"
    text = t.run(program, *command, "--help").stdout
    return sorted(set(re.findall(rf"(--(?:{words})) <", text)))


commands = ["vbprep build-shards m.csv", "vbprep extract-features", "vbprep verify pixels", "vbprep repair pixels", "vbprep doctor m.csv",
            "vbprep inspect pixels", "vbprep manifest folder", "vbprep finalize pixels", "vbtrain train", "vbtrain evaluate run",
            "vbtrain predict run a.mp4", "vbtrain report run"]
for program, *line in map(str.split, commands):
    @case(10, f"empty paths of {program} {line[0]}")
    def empty_paths(t, program=program, line=line):
        tried = [line + [f"{option}="] for option in path_options(t, program, line[:1])]
        tried += [line[:place] + [""] + line[place + 1:] for place in range(1, len(line))]
        wrong = [" ".join(a or '""' for a in arguments) for arguments in tried if t.run(program, *arguments).returncode != 64]
        require(tried, "no path was found")
        require(not wrong, f"not 64: {'; '.join(wrong)}")


# Item 12: what was made and is gone.
for kind in ["tar", "json"]:
    @case(12, f"a finished shard's {kind} deleted in mid-run")
    def deleted_shard(t, kind=kind):
        rows = [["real/bikes.mp4", "a", "train", f"0.{i}"] for i in range(100, 148)]
        (t.folder / "m.csv").write_text(manifest(rows))
        build = ["build-shards", "m.csv", "--root", videos, "--out", "out", "--frames", "4", "--jobs", "2", "--shard-clips", "2"]
        process = t.start("vbprep", *build)
        finished = lambda: [p for p in (t.folder / "out").rglob("*/train-*.json") if p.with_suffix(".tar").exists()]
        wait_for(finished, process)
        for sidecar in finished()[:1]:
            sidecar.with_suffix(f".{kind}").unlink(missing_ok=True)
        ended = t.expect(t.finish(process), (0, 1, 65, 75))
        if ended.returncode != 0:
            t.expect(t.run("vbprep", *build), 0)
        require((t.folder / "out/dataset.json").exists(), f"exit {ended.returncode} and no dataset: {ended.stderr[-200:]}")
        require(len(samples(t.folder / "out")) == 48, f"{len(samples(t.folder / 'out'))} of 48 clips are there")
        t.expect(t.run("vbprep", "verify", "out"), 0)


# Item 22: sentences.
@case(22, "a member of zero bytes is found and repaired")
def null_member(t):
    t.copy("pixels")
    tar = t.folder / "pixels/shards/train-00000.tar"
    entry = json.loads(tar.with_suffix(".json").read_text())["samples"][0]["members"][-1]
    data = bytearray(tar.read_bytes())
    data[entry["offset"]:entry["offset"] + entry["stored_bytes"]] = bytes(entry["stored_bytes"])
    tar.write_bytes(data)
    t.expect(t.run("vbprep", "verify", "pixels"), (1, 65), "checksum|differ")
    t.expect(t.run("vbprep", "repair", "pixels"), 0)
    t.expect(t.run("vbprep", "verify", "pixels"), 0)
    require(contents(t.folder / "pixels") == contents(t.base / "pixels"), "the repaired dataset has other bytes")


@case(22, "an output folder inside a file is a sentence")
def impossible_output(t):
    (t.folder / "file").write_text("")
    t.expect(t.build(t.base / "m.csv", "file/out"), (65, 75), "file/out|file")
    t.expect(t.extract(t.base / "pixels", "file/out"), (65, 75), "file/out|file")
    t.expect(t.train(t.base / "features", "file/out"), (65, 75), "file/out|file")

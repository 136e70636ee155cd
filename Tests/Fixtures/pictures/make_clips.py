"""Makes the clips of this folder, and `frames.json`: what a full decode by the program ffmpeg (5.1.9) gives for each.

    python make_clips.py          needs ffmpeg with libxvid
"""
import hashlib
import json
import random
import sys
import tempfile
from pathlib import Path

folder = Path(__file__).resolve().parent
sys.path.insert(0, str(folder.parents[1] / "Campaigns"))
from clips import encode, reference

CLIPS = {
    "packed.avi": ("packed", ["-bf", "1"]), "placeholders.avi": ("placeholders", ["-bf", "2"]), "gmc.avi": ("libxvid", ["-gmc", "1", "-bf", "2"]),
    "interlaced.avi": ("mpeg4", ["-flags", "+ilme+ildct", "-bf", "2"]), "closed.mp4": ("mpeg4", ["-flags", "+cgop", "-bf", "2", "-sc_threshold", "1000000000"]),
    "v2.avi": ("msmpeg4v2", []), "v7.asf": ("wmv1", []), "v8.asf": ("wmv2", []), "plus.avi": ("h263p", []), "droppable.flv": ("droppable", []),
    "fields.m2v": ("fields", []), "closed.mpg": ("mpeg2video", ["-bf", "2", "-flags", "+cgop", "-sc_threshold", "1000000000"]),
}
told = []
with tempfile.TemporaryDirectory() as work:
    for number, (name, (encoder, options)) in enumerate(CLIPS.items()):
        made = encode(Path(work), random.Random(5), 3 * number, encoder, options, name.split(".")[1], frames=20, group=8)
        (folder / name).write_bytes(made.read_bytes())
        truth = reference(folder / name)
        told.append({"video": name, "frames": len(truth["frames"]), "rgb24Sha256": [hashlib.sha256(f).hexdigest() for f in truth["frames"]]})
        print(name, (folder / name).stat().st_size, len(truth["frames"]), truth["errors"])
(folder / "frames.json").write_text(json.dumps(told, indent=1) + "\n")

"""Cuts benchmark videos from the real footage of the tests: H.264, 320x240, 30 frames/s, a key frame every 250 frames.

Usage: make_clips.py VIDEOS OUT: writes OUT/short (96 clips of 7 s) and OUT/long (12 videos of 10 minutes), each with a manifest.
"""
import csv
import sys
from fractions import Fraction
from pathlib import Path

import av

sources = ["bikes.mp4", "cockatoo.mp4", "world.mp4", "band.mkv", "bigbuckbunny.mp4", "street.avi", "city.mpg", "screencast.webm"]
videos, out = Path(sys.argv[1]), Path(sys.argv[2])


def frames(name, limit=240):
    found = []
    with av.open(str(videos / name)) as container:
        for frame in container.decode(video=0):
            found.append(frame.reformat(320, 240, "yuv420p"))
            if len(found) == limit:
                break
    return found


def write(path, footage, start, count):
    """Plays the footage forwards and backwards from frame `start` on until `count` frames are written."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "23", "preset": "fast", "g": "250"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        period = 2 * len(footage) - 2
        for number in range(count):
            position = (start + number) % period
            frame = footage[min(position, period - position)]
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 30), 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


footage = [frames(name) for name in sources]
for folder, clips, count in (("short", 96, 210), ("long", 12, 18000)):
    (out / folder).mkdir(parents=True, exist_ok=True)
    with open(out / folder / "manifest.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["video", "label"])
        for clip in range(clips):
            name = f"clip{clip:03}.mp4"
            write(out / folder / name, footage[clip % len(footage)], 7 * clip, count)
            table.writerow([name, clip % len(footage)])

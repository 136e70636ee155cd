"""The real footage of the tests in the codecs and shapes in which data sets publish clips.

Usage: make_clips.py VIDEOS OUT: files that are published so already are copied, others re-encoded by ffmpeg.
"""
import shutil
import subprocess
import sys
from pathlib import Path

videos, out = Path(sys.argv[1]), Path(sys.argv[2])
X264 = ["-c:v", "libx264", "-preset", "fast", "-crf", "23"]
CLIPS = {
    "ucf101-like.avi": ("world.mp4", ["-t", "8", "-s", "320x240", "-c:v", "mpeg4", "-bf", "2", "-vtag", "XVID", "-q:v", "5"]),
    "xvid-minute.avi": ("band.avi", None),
    "kinetics-like.mp4": ("world.mp4", ["-t", "10", "-s", "340x256", *X264]),
    "h264.mp4": ("bikes.mp4", None),
    "h264-60fps.mp4": ("world.mp4", ["-filter_complex", "split[a][b];[b]reverse[b];[a][b]concat,setpts=N/60/TB,scale=960:540", "-r", "60", *X264]),
    "vp9-minute.webm": ("band.webm", None),
    "vp9.webm": ("world.mp4", ["-t", "8", "-c:v", "libvpx-vp9", "-b:v", "400k", "-cpu-used", "4", "-row-mt", "1"]),
    "hevc.mp4": ("world.mp4", ["-t", "8", "-c:v", "libx265", "-preset", "fast", "-x265-params", "log-level=none"]),
    "av1.mkv": ("world.mp4", ["-t", "8", "-c:v", "libsvtav1", "-preset", "8", "-crf", "40"]),
    "mpeg2.mpg": ("city.mpg", None),
    "mpeg2-b-frames.mpg": ("world.mp4", ["-t", "8", "-c:v", "mpeg2video", "-bf", "2", "-q:v", "5"]),
    "h264-10-minutes.mp4": ("world.mp4", ["-s", "320x240", "-g", "250", *X264]),
}
out.mkdir(parents=True, exist_ok=True)
for name, (source, settings) in CLIPS.items():
    if settings is None:
        shutil.copy(videos / source, out / name)
        continue
    repeat = ["-stream_loop", "19"] if "minutes" in name else []
    command = ["ffmpeg", "-v", "error", "-nostdin", *repeat, "-i", videos / source, "-an", *settings, out / name]
    if subprocess.run(command).returncode:
        (out / name).unlink(missing_ok=True)
        print(f"This ffmpeg cannot make {name}; it is left out.", file=sys.stderr)

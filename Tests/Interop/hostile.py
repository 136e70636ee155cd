"""Makes a manifest whose labels, prompts, groups and path are hostile, for the pages to show as text.

Usage: hostile.py VIDEO FOLDER
"""
import csv
import shutil
import sys
from pathlib import Path

video, folder = Path(sys.argv[1]), Path(sys.argv[2])
folder.mkdir(parents=True)
name = "<b onclick=alert(1)>&\"'\u202e.mp4"
shutil.copy(video, folder / name)
labels = ["</script><script>document.title = 'taken'</script>", "<img src=x onerror=alert(1)>", "\"quoted\" & 'single' <!--",
          "\u202etxet\u2028\u2066", "long " * 2000, "x" * 10_000]
rows = [[name, label, split, f"0.{number}{index}", f"? {label}", f"{split} {label}"] for number, label in enumerate(labels)
        for index, split in enumerate(["train", "validation", "test"])]
with open(folder / "m.csv", "w", newline="", encoding="utf-8") as file:
    csv.writer(file).writerows([["video", "label", "split", "start", "prompt", "group"]] + rows)

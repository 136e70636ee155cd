"""Writes 64 seven-second H.264 clips of 320x240 pixels at 30 frames/s, cut from moving noise and gradients, and a manifest."""
import csv
import sys
from pathlib import Path

import av
import numpy as np

folder = Path(sys.argv[1])
generator = np.random.default_rng(1)
yy, xx = np.mgrid[0:240, 0:320]
rows = []
for clip in range(64):
    path = folder / f"clip{clip:03}.mp4"
    phase = generator.uniform(0.01, 0.1, 3)
    texture = generator.integers(0, 40, (240, 320))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "23", "g": "250"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for t in range(210):
            shifted = np.roll(texture, (t, 2 * t), (0, 1))
            planes = [127 + 80 * np.sin(p * (xx + 3 * t) + p * yy) + shifted for p in phase]
            picture = np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    rows.append({"video": path.name, "label": clip % 4})
with open(folder / "manifest.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, ["video", "label"])
    writer.writeheader()
    writer.writerows(rows)

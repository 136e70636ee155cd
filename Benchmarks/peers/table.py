"""Prints medians and ratios from the lines `work side JSON` that bench-training.sh collects."""
import json
import statistics
import sys

rates = {}
for line in open(sys.argv[1]):
    work, side, text = line.split(" ", 2)
    rates.setdefault(work, {}).setdefault(side, []).append(json.loads(text)["clips_per_second"])
bars = {("training-float32", "pytorch"): 2.5, ("training-bfloat16", "pytorch"): 3}
print(f"{'work':18}{'beside':12}{'ours/s':>10}{'peer/s':>10}{'ratio':>9}{'bar':>7}")
for work, sides in rates.items():
    ours = statistics.median(sides["ours"])
    for side in sides:
        if side != "ours":
            peer = statistics.median(sides[side])
            bar = bars.get((work, side), "")
            print(f"{work:18}{side:12}{ours:10.3g}{peer:10.3g}{ours / peer:8.2f}x{bar:>7}")

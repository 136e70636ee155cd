"""Prints medians and ratios from the lines `precision side JSON` that bench-encoder.sh collects."""
import json
import statistics
import sys

runs = {}
for line in open(sys.argv[1]):
    precision, side, text = line.split(" ", 2)
    runs.setdefault(precision, {}).setdefault(side, []).append(json.loads(text))


def median(precision, side, key):
    return statistics.median(run[key] for run in runs[precision][side])


bars = {"float32": "1.2", "bfloat16": "1.15"}
print(f"{'ours':10}{'beside PyTorch':16}{'ours/s':>9}{'peer/s':>9}{'ratio':>8}{'bar':>6}{'of bare products':>18}")
for precision, sides in runs.items():
    if "ours" not in sides:
        continue
    # PyTorch has no int8 for this model; its fastest is bfloat16.
    peer = "bfloat16" if precision == "int8" else precision
    ours = median(precision, "ours", "frames_per_second")
    theirs, ratio = "-", "-"
    if "torch" in runs.get(peer, {}):
        rate = median(peer, "torch", "frames_per_second")
        theirs, ratio = f"{rate:.3f}", f"{ours / rate:.2f}x"
    share = f"{100 * median(precision, 'ours', 'share'):.0f} %"
    print(f"{precision:10}{peer:16}{ours:9.3f}{theirs:>9}{ratio:>8}{bars.get(precision, ''):>6}{share:>18}")

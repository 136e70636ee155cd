"""Prints the median clips/s of both sides and their ratio from the log of bench.sh."""
import json
import statistics
import sys

rates = {"ours": [], "peer": []}
for line in open(sys.argv[1]):
    side, _, text = line.partition(" ")
    rates[side].append(json.loads(text)["clips_per_second"])
ours, peer = (statistics.median(rates[side]) for side in ("ours", "peer"))
print(f"build-shards {ours:.1f} clips/s, PyAV + datasets.map {peer:.1f} clips/s: {ours / peer:.1f} times (bar: 4)")

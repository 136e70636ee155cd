#!/bin/bash
# build-shards beside PyAV + datasets.map as the article writes it: same clips, same number of processes, in turn.
# BIN is the build folder. The Python side lives in a virtual environment outside the project.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=${VBPREP_BENCH_ENV:-${XDG_CACHE_HOME:-$HOME/.cache}/vbprep-bench}
rounds=${ROUNDS:-3}
jobs=$(nproc)

if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install -q -r Benchmarks/peers/requirements.txt
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$environment/bin/python" Benchmarks/peers/make_clips.py "$work"

for round in $(seq "$rounds"); do
    rm -rf "$work/shards" "$work/arrow"
    "$BIN/vbprep" build-shards "$work/manifest.csv" --out "$work/shards" --jobs "$jobs" --json 2>/dev/null |
        sed 's/^/ours /' >>"$work/log"
    "$environment/bin/python" Benchmarks/peers/datasets_map.py "$work/manifest.csv" "$work/arrow" "$jobs" 2>/dev/null |
        sed 's/^/peer /' >>"$work/log"
done
"$environment/bin/python" Benchmarks/peers/compare.py "$work/log"

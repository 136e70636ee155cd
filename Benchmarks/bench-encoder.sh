#!/bin/bash
# BLIP-2's frozen ViT (random weights) beside PyTorch: same frames, same number of threads, in turn, medians.
# BIN is the build folder; ROUNDS how often each side runs; FRAMES how many frames. float32 needs 5 GB of memory.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-3}
threads=$(nproc)
frames=${FRAMES:-$threads}
source Benchmarks/peers/environment.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for round in $(seq "$rounds"); do
    for precision in float32 bfloat16 int8; do
        if [ -e "$work/no-$precision" ]; then continue; fi
        echo "Round $round, $precision ..."
        if ! "$BIN/vbbench" --encoder preset:blip2 --precision "$precision" --frames "$frames" \
            >"$work/line" 2>"$work/errors"; then
            # The first refusal is final: the processor will not change.
            grep -q "cannot compute" "$work/errors" || { cat "$work/errors" >&2; exit 1; }
            echo "This processor has no fast $precision: skipped."
            touch "$work/no-$precision"
            continue
        fi
        sed "s/^/$precision ours /" "$work/line" >>"$work/log"
        if [ "$precision" != int8 ]; then
            "$python" Benchmarks/peers/encode.py "$precision" "$frames" "$threads" |
                sed "s/^/$precision torch /" >>"$work/log"
        fi
    done
done
"$python" Benchmarks/peers/encode_table.py "$work/log"

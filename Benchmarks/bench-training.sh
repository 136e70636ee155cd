#!/bin/bash
# A training step of BLIP-2's Q-Former beside PyTorch's: the same shapes, in turn, medians. BIN is the build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
source Benchmarks/peers/environment.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
precisions=float32
if grep -qwE 'avx512_bf16|amx_bf16|bf16' /proc/cpuinfo; then
    precisions="float32 bfloat16"
else
    echo "This processor has no bfloat16: only float32 is compared."
fi
for round in $(seq "${ROUNDS:-3}"); do
    for precision in $precisions; do
        echo "Round $round, $precision ..."
        "$BIN/vbbench" --train preset:base --train-precision "$precision" | sed "s/^/training-$precision ours /" >>"$work/log"
        "$python" Benchmarks/peers/train.py "$precision" 3 2>/dev/null |
            sed "s/^/training-$precision pytorch /" >>"$work/log"
    done
done
"$python" Benchmarks/peers/table.py "$work/log"

#!/bin/bash
# build-shards and reading beside what else is in use: same clips, same number of processes, in turn, medians.
# BIN is the build folder; ROUNDS how often each side runs. Python lives in an environment outside the project.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-3}
jobs=$(nproc)
source Benchmarks/peers/environment.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "Cutting clips from the tests' footage ..."
"$python" Benchmarks/peers/make_clips.py Tests/Fixtures/videos/real "$work"

for round in $(seq "$rounds"); do
    for pair in "7-second-clips short" "10-minute-videos long"; do
        read -r name folder <<<"$pair"
        echo "Round $round, $name ..."
        rm -rf "$work/ours-$folder"
        "$BIN/vbprep" build-shards "$work/$folder/manifest.csv" --out "$work/ours-$folder" --jobs "$jobs" --json \
            2>/dev/null | sed "s/^/$name ours /" >>"$work/log"
        for peer in article torchcodec decord; do
            # Every frame of ten minutes takes the article's way a minute: once is enough.
            if [ "$folder" = long ] && [ "$peer" = article ] && [ "$round" -gt 1 ]; then continue; fi
            rm -rf "$work/$peer-$folder"
            "$python" Benchmarks/peers/prepare.py "$peer" "$work/$folder/manifest.csv" "$work/$peer-$folder" "$jobs" \
                2>/dev/null | sed "s/^/$name $peer /" >>"$work/log"
        done
    done
    "$BIN/vbbench" --read "$work/ours-short" | sed "s/^/reading ours /" >>"$work/log"
    "$python" Benchmarks/peers/read.py "$work/article-short" | sed "s/^/reading article /" >>"$work/log"
done
"$python" Benchmarks/peers/table.py "$work/log"

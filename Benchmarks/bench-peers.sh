#!/bin/bash
# build-shards beside what else is in use, on copies of real files. BIN is the build folder; VIDEOS a folder of files (default:
# the tests' footage in every codec in which data sets are published), ROUNDS how often each side runs, COPIES of how many copies.
set -euo pipefail
cd "$(dirname "$0")/.."
source Benchmarks/peers/environment.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${VIDEOS:-}" ]; then
    echo "Encoding clips from the tests' footage ..."
    "$python" Benchmarks/peers/make_clips.py Tests/Fixtures/videos/real "$work/videos"
fi
BIN="$BIN" "$python" Benchmarks/peers/compare.py "${VIDEOS:-$work/videos}" "${ROUNDS:-5}" "${COPIES:-100}"

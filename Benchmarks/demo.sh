#!/bin/bash
# The main job on real input: handwritten digits that move over real footage, three questions about
# each clip, one model. BIN is the build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
start=$SECONDS

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

rm -rf cache/motion-clips cache/motion cache/motion-features runs/motion
say "1. Draw the clips, each forwards and backwards: vbmotion cache/motion-clips"
"$BIN/vbmotion" cache/motion-clips
say "2. Decode, sample, resize, store: vbprep build-shards cache/motion-clips/manifest.csv"
"$BIN/vbprep" build-shards cache/motion-clips/manifest.csv --out cache/motion --frames 4 --image-size 112
say "3. Frozen ViT, once per clip whatever is asked: vbprep extract-features --interpolate-positions"
"$BIN/vbprep" extract-features --shards cache/motion --interpolate-positions
say "4. Train one model on three questions: vbtrain --shards cache/motion-features --config manifests/motion.yaml"
"$BIN/vbtrain" --shards cache/motion-features --config manifests/motion.yaml --out runs/motion
say "5. Clips with unseen digits and footage: vbtrain evaluate runs/motion --split test"
"$BIN/vbtrain" evaluate runs/motion --split test
say "6. One video and the same backwards, all questions: vbtrain predict runs/motion test-0-a.mp4 test-0-b.mp4"
"$BIN/vbtrain" predict runs/motion cache/motion-clips/clips/test-0-{a,b}.mp4 --top-k 2
"$BIN/vbtrain" report runs/motion
say "Done in $((SECONDS - start)) s. Chance is 25 % for direction and digit, 11.1 % for the background. Open runs/motion/report.html"

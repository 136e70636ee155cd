#!/bin/bash
# The main job on real input: 216 windows of real footage, 9 classes, through every stage. BIN is the build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
start=$SECONDS

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

rm -rf cache/scenes cache/scenes-features runs/scenes
say "1. Decode, sample, resize, store: vbprep build-shards manifests/scenes.csv"
"$BIN/vbprep" build-shards manifests/scenes.csv --frames 4
say "2. Frozen ViT, once per distinct frame: vbprep extract-features"
"$BIN/vbprep" extract-features
say "3. Train the Q-Former and head: vbtrain --shards cache/scenes-features"
"$BIN/vbtrain" --shards cache/scenes-features --config manifests/scenes.yaml --out runs/scenes
say "4. Held-out clips: vbtrain evaluate runs/scenes --split test"
"$BIN/vbtrain" evaluate runs/scenes --split test
say "5. A video file: vbtrain predict runs/scenes cockatoo.mp4"
"$BIN/vbtrain" predict runs/scenes Tests/Fixtures/videos/real/cockatoo.mp4 --top-k 3
"$BIN/vbtrain" report runs/scenes
say "Done in $((SECONDS - start)) s. Chance is 11.1 %. Open runs/scenes/report.html"

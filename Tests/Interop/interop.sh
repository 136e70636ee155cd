#!/bin/bash
# Other people's tools open what our programs make, and find the right values in it. BIN is the build folder.
# Python lives in an environment outside the project, VBPREP_INTEROP_ENV or one that is made.
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=${VBPREP_INTEROP_ENV:-${XDG_CACHE_HOME:-$HOME/.cache}/vbprep-interop}
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install -q -r Tests/Interop/requirements.txt
fi
if ! command -v chromium >/dev/null; then
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq chromium >/dev/null
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fixtures=$PWD/Tests/Fixtures

# Labels and prompts that are markup somewhere; two windows of each video.
python3 - "$fixtures/videos/real" "$work" <<'PYTHON'
import csv, sys
from pathlib import Path
videos, work = Path(sys.argv[1]), Path(sys.argv[2])
names = ["park.mp4", "cockatoo.mp4", "realshort.mp4", "city.mpg", "street.avi"]
labels = ['a "b": #', "<b>漢|é", "no"]
rows = []
for index, name in enumerate(names):
    for start in (0.0, 0.3, 0.6):
        split = ["train", "train", "test", "train", "validation"][index] if start != 0.6 else "train"
        rows.append([videos / name, start, start + 0.3, labels[(index + int(start > 0)) % 3], split, "what, *exactly*?"])
def write(path, columns, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([columns] + rows)
columns = ["video", "start", "end", "label", "split", "prompt"]
write(work / "one.csv", columns, rows)
second = [row[:3] + ["7" if row[1] else "10", row[4], "how many?"] for row in rows]
write(work / "two.csv", columns + ["task"], [row + ["what"] for row in rows] + [row + ["count"] for row in second])
PYTHON

# A text Q-Former needs a vocabulary of its size.
cp -r "$fixtures/golden/instructblip-tiny" "$work/prompted"
{ printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' what how many exactly ? , '*'; seq 1 85 | sed 's/^/##/'; } >"$work/prompted/vocab.txt"

for name in one two; do
    "$BIN/vbprep" build-shards "$work/$name.csv" --out "$work/$name" --frames 3 --image-size 28 --shard-clips 4 2>/dev/null
done
"$BIN/vbprep" extract-features --shards "$work/one" --model preset:tiny 2>/dev/null
"$BIN/vbprep" extract-features --shards "$work/two" --model "$work/prompted" 2>/dev/null
train() {
    "$BIN/vbtrain" --shards "$work/$1-features" --out "$work/$1-run" --batch-size 2 --gradient-accumulation 1 \
        --logging-steps 2 --early-stopping-patience 0 --save-limit 0 --epochs 3 "${@:2}" 2>/dev/null
}
train one --qformer preset:small --ignore-prompts
train two --model "$work/prompted"
for name in one two; do
    # The second half once more, from the first checkpoint.
    first=$(ls -d "$work/$name-run"/checkpoint-* | sort -V | head -1)
    options=(); [ "$name" = one ] && options=(--qformer preset:small --ignore-prompts) || options=(--model "$work/prompted")
    train "$name" "${options[@]}" --resume-from "$first"
    "$BIN/vbtrain" evaluate "$work/$name-run" --split test 2>/dev/null
done
# Each place of a frame's time in each layout, with prompts.
for layout in joint-tokens frames-queries frames-outputs bound-queries bound-outputs; do
    "$BIN/vbtrain" --shards "$work/one-features" --out "$work/layout-$layout" --qformer preset:small-text \
        --layout "${layout%-*}" --temporal-position "${layout#*-}" --batch-size 2 --gradient-accumulation 1 \
        --epochs 1 --no-baselines --no-probes 2>/dev/null
    "$BIN/vbtrain" evaluate "$work/layout-$layout" --split test --no-probes >/dev/null 2>&1
done
HF_HOME="$work/hf" HF_HUB_OFFLINE=1 WANDB_MODE=offline "$environment/bin/python" Tests/Interop/check_reader.py "$work/one" "$work/one-features"
HF_HOME="$work/hf" HF_HUB_OFFLINE=1 WANDB_MODE=offline PATH="$environment/bin:$PATH" \
    "$environment/bin/python" Tests/Interop/check.py "$work"
"$BIN/vbprep" inspect "$work/one" --html "$work/map.html" >/dev/null 2>&1
"$environment/bin/python" Tests/Interop/pages.py "$work/one/dataset.html" "$work/map.html" "$work/one-run/report.html" "$work/two-run/report.html"

# Names that are markup, turn the direction of text or are very long.
"$environment/bin/python" Tests/Interop/hostile.py "$fixtures/videos/real/realshort.mp4" "$work/hostile"
"$BIN/vbprep" build-shards "$work/hostile/m.csv" --out "$work/hostile/data" --frames 3 --image-size 28 2>/dev/null
"$BIN/vbprep" extract-features --shards "$work/hostile/data" --model preset:tiny 2>/dev/null
for seed in 1 2; do
    "$BIN/vbtrain" --shards "$work/hostile/data-features" --out "$work/hostile/run$seed" --epochs 2 --seed $seed \
        --qformer preset:small --ignore-prompts 2>/dev/null
    "$BIN/vbtrain" evaluate "$work/hostile/run$seed" >/dev/null 2>&1
done
"$BIN/vbtrain" compare "$work/hostile/run1" "$work/hostile/run2" --html "$work/hostile/compare.html" >/dev/null 2>&1
"$environment/bin/python" Tests/Interop/pages.py "$work/hostile/data/dataset.html" "$work/hostile/run1/report.html" \
    "$work/hostile/compare.html" --text "</script><script>document.title = 'taken'</script>" --text "<img src=x onerror=alert(1)>"

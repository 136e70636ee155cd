#!/bin/bash
# Fuzzes every parser for SECONDS each, or those named: fuzz.sh BIN VBFUZZ SECONDS [PARSER...]
# BIN is the folder of vbprep and vbtrain, VBFUZZ the fuzzer. Finds go to .build-fuzz/found, new inputs to
# .build-fuzz/corpus; `MINIMIZE=1` puts the smallest inputs that cover the most into Tests/Fuzz/Corpus, at most 24 inputs and 14 kB a parser.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$1 vbfuzz=$2 seconds=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fixtures=$PWD/Tests/Fixtures kept=$PWD/Tests/Fuzz/Corpus grown=$PWD/.build-fuzz/corpus found=$PWD/.build-fuzz/found

# Seeds of today's formats: a dataset, its features, a run.
cat >"$work/m.csv" <<'CSV'
video,label,split,start,group,task,prompt
real/park.mp4,park,train,0.1,a,,"what, ""exactly"""
real/realshort.mp4,short,train,0.1,b,,
real/park.mp4,park,val,0.2,c,,
real/realshort.mp4,short,val,0.2,d,,
real/park.mp4,park,test,0.3,e,,
real/realshort.mp4,short,test,0.3,f,,
CSV
cd "$work"
{
	"$bin/vbprep" build-shards m.csv --root "$fixtures/videos" --out data --frames 1 --image-size 28
	"$bin/vbprep" extract-features --shards data --model preset:tiny --tokens cls
	"$bin/vbtrain" --shards data-features --epochs 1 --ignore-prompts --out run
	"$bin/vbtrain" evaluate run
} >log 2>&1 || { cat log; exit 1; }
seed() { mkdir -p "seeds/$1" && cat >"seeds/$1/$2"; }
for parser in csv manifest; do seed $parser m <m.csv; done
tr , '\t' <m.csv | seed tsv m
printf '\1Archery/v_Archery_g01_c01.avi 1\n' | seed lists ucf101
printf '\0label,youtube_id,time_start,time_end,split\narchery,abc,1,11,train\n' | seed lists kinetics
printf '\2v_Archery_g01_c01.avi 1\n' | seed lists hmdb51
printf '\3[{"id":"7","label":"a","template":"[b]"}]' | seed lists something
seed questions q <data/questions.csv
seed dataset pixels <data/dataset.json
seed dataset features <data-features/dataset.json
seed sidecar pixels <data/shards/train-00000.json
seed sidecar features <data-features/shards/train-00000.json
seed tar pixels <data/shards/train-00000.tar
seed tar features <data-features/shards/train-00000.tar
python3 - data/shards/train-00000 data-features/shards/train-00000 <<'PY'
import json, os, sys
for folder in ["journal", "build"]:
    os.makedirs(f"seeds/{folder}", exist_ok=True)
for path in sys.argv[1:]:
    kind = path.split("/")[0]
    samples = json.load(open(path + ".json"))["samples"]
    open(f"seeds/journal/{kind}", "w").writelines(json.dumps(sample) + "\n" for sample in samples)
    report = open(f"{kind}/build-report.json", "rb").read()
    open(f"seeds/build/{kind}", "wb").write(report[:report.rindex(b'\n],\n"sha256"')])
for parser, path in zip(["zstd", "npy"], sys.argv[1:]):
    member = json.load(open(path + ".json"))["samples"][0]["members"][0]
    os.makedirs(f"seeds/{parser}", exist_ok=True)
    tar = open(path + ".tar", "rb").read()
    open(f"seeds/{parser}/m", "wb").write(tar[member["offset"]:][:member["stored_bytes"]])
PY
for model in blip2-tiny blip2-odd instructblip-tiny; do seed model $model <"$fixtures/golden/$model/config.json"; done
for model in clip clipfull vit; do seed model $model <"$fixtures/encoders/$model/config.json"; done
for model in blip2-tiny blip2-odd; do seed safetensors $model <"$fixtures/golden/$model/classifier.safetensors"; done
seed processor p <run/model/preprocessor_config.json
printf '{"metadata":{"total_size":1},"weight_map":{"a":"a.safetensors","b":"a.safetensors"}}' | seed index i
head -n 140 "$fixtures/bert/vocab.txt" | seed vocabulary v
printf '%s' '{"added_tokens":[{"id":3,"content":"[MASK]"}],"normalizer":{"lowercase":true,"strip_accents":null},' \
	'"model":{"type":"WordPiece","vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"a":4,"##b":5}}}' | seed tokenizer t
printf 'Which na\xc3\xafve [MASK] is it, \xe4\xb8\xad?' | seed prompt p
# Sealed JSON that says that it was edited is read whatever it holds.
for parser in run=config.json metrics=metrics.json log=log.jsonl; do
	sed -E 's/^(\{?|  )"checksum"( ?: ?)"[0-9a-f]{64}"/\1"checksum"\2"edited"/' "run/${parser#*=}" | seed "${parser%=*}" edited
done
seed predictions p <run/predictions-test.csv
(cd seeds && : >trainer_state.json && sha256sum trainer_state.json && rm trainer_state.json) | seed checksums c
for checkpoint in run/checkpoint-*; do seed state "${checkpoint##*/}" <"$checkpoint/trainer_state.json"; done

export RUN=$PWD/run SWIFT_BACKTRACE=enable=no
status=0
for parser in ${*:-$(ls seeds)}; do
	mkdir -p "$kept/$parser" "$grown/$parser" "$found"
	size=16384
	[ "$parser" = tar ] && size=65536
	options=(-max_len=$size -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=1024)
	VALID=1 PARSER=$parser "$vbfuzz" seeds/$parser/* >log 2>&1 || { grep -h Fatal log; echo "$parser: a seed is not valid"; status=1; continue; }
	if [ -n "${MINIMIZE:-}" ]; then
		rm -rf least && mkdir least
		PARSER=$parser "$vbfuzz" "${options[@]}" -merge=1 least "$kept/$parser" "$grown/$parser" seeds/$parser >log 2>&1
		rm -f "$kept/$parser"/*
		find least -type f -printf '%s %p\n' | sort -n | awk 'NR <= 24 && (total += $1) <= 14000 { print $2 }' | xargs -r cp -t "$kept/$parser"
		continue
	fi
	PARSER=$parser "$vbfuzz" "${options[@]}" -max_total_time="$seconds" -artifact_prefix="$found/$parser-" \
		-print_final_stats=1 "$grown/$parser" "$kept/$parser" seeds/$parser >log 2>&1 || status=$?
	executions=$(sed -n 's/stat::number_of_executed_units: *//p' log)
	printf '%-12s %10s executions  %s\n' "$parser" "${executions:-?}" "$(grep -m1 -E 'ERROR|Fatal error|SUMMARY' log || echo 'no crash')"
done
exit $status

# make setup    install what the build needs (Debian packages; sudo when not root)
# make build    build vbprep and vbtrain in release mode
# make test     build and run all tests
# make demo     three questions about moving digits on real footage; ends with a report
# make lint     check formatting and documentation rules
# make format   rewrite sources in the project's format
# make bench    time decode, resize, zstd and reading, stage by stage
# make bench-peers  build-shards beside torchcodec, decord, tensorcodec and PyAV + datasets.map; VIDEOS=DIR ROUNDS=5 COPIES=100
# make bench-training  ratio of a Q-Former training step to PyTorch's
# make bench-encoder  ratios of the frozen ViT to PyTorch, for each precision that the processor has
# make interop  other people's tools open the datasets and runs and find the right values
# make campaign edit, kill, mutate, flip, starve and deceive; takes an hour
# make fuzz     fuzz what reads strangers' bytes in our own processes, SECONDS=180 each
# make clean    remove build products, caches and runs

SHELL := /bin/bash
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# Tests see internal declarations; one set of flags keeps one build for everything.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing
BIN = $(shell swift build $(SWIFT_FLAGS) --show-bin-path)
PACKAGES := pkg-config libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libzstd-dev libopenblas-dev libdnnl-dev
TEST_PACKAGES := python3-numpy python3-zstandard

.PHONY: setup build test demo lint format bench bench-peers bench-training bench-encoder interop campaign fuzz clean

# $(call install,PACKAGE...) installs those that are missing.
define install
missing=$$(for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
if [ -n "$$missing" ]; then \
	echo "Installing" $$missing; \
	$(SUDO) apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq $$missing >/dev/null; \
fi
endef

setup:
	@$(call install,$(PACKAGES))

build: setup
	swift build $(SWIFT_FLAGS)

test: setup
	@$(call install,$(TEST_PACKAGES)) || echo "Without $(TEST_PACKAGES) the test of python/vbprep.py is skipped."
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build

demo: build
	@BIN="$(BIN)" ./Benchmarks/demo.sh

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks

bench: build
	@"$(BIN)/vbbench"

bench-peers: build
	@BIN="$(BIN)" ./Benchmarks/bench-peers.sh

bench-training: build
	@BIN="$(BIN)" ./Benchmarks/bench-training.sh

bench-encoder: build
	@BIN="$(BIN)" ./Benchmarks/bench-encoder.sh

interop: build
	@BIN="$(BIN)" ./Tests/Interop/interop.sh

campaign: build
	"$(BIN)/vbprep" build-shards manifests/scenes.csv --frames 2 --image-size 28 --out cache/campaign
	"$(BIN)/vbprep" extract-features --shards cache/campaign --model preset:tiny
	python3 Tests/Campaigns/training_kills.py "$(BIN)/vbtrain" cache/campaign-features
	python3 Tests/Campaigns/edits.py "$(BIN)/vbprep" Tests/Fixtures/videos
	python3 Tests/Campaigns/kills.py "$(BIN)/vbprep" Tests/Fixtures/videos
	python3 Tests/Campaigns/extraction_kills.py "$(BIN)/vbprep" Tests/Fixtures/videos
	python3 Tests/Campaigns/mutations.py "$(BIN)/vbprep" Tests/Fixtures/videos
	python3 Tests/Campaigns/limits.py "$(BIN)/vbprep" Tests/Fixtures/videos
	python3 Tests/Campaigns/trust.py "$(BIN)"
	python3 Tests/Campaigns/exactness.py "$(BIN)/vbprep"
	python3 Tests/Campaigns/exactness.py "$(BIN)/vbprep" --mutants 400
	swift build $(SWIFT_FLAGS) --build-tests
	VBPREP_CAMPAIGN=1 swift test $(SWIFT_FLAGS) --skip-build --filter noticesAndUndoesFlippedBits

# A build of its own: everything is compiled with the fuzzer's counters.
FUZZ := swift build --package-path Tests/Fuzz --scratch-path .build-fuzz -c release --sanitize=fuzzer -Xswiftc -enable-testing
SECONDS ?= 180

fuzz: build
	$(FUZZ) --product vbfuzz
	Tests/Fuzz/fuzz.sh "$(BIN)" "$$($(FUZZ) --show-bin-path)/vbfuzz" $(SECONDS)

clean:
	rm -rf .build .build-fuzz runs cache/*

# make setup    install what the build needs (Debian packages; sudo when not root)
# make build    build vbprep and vbtrain in release mode
# make test     build and run all tests
# make demo     real videos through every stage; ends with a report
# make lint     check formatting and documentation rules
# make format   rewrite sources in the project's format
# make bench    compare with PyAV + datasets.map on the same clips
# make clean    remove build products, caches and runs

SHELL := /bin/bash
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# Tests see internal declarations; one set of flags keeps one build for everything.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing
BIN = $(shell swift build $(SWIFT_FLAGS) --show-bin-path)
PACKAGES := pkg-config libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libzstd-dev libopenblas-dev

.PHONY: setup build test demo lint format bench clean

setup:
	@missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then \
		echo "Installing" $$missing; \
		$(SUDO) apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq $$missing >/dev/null; \
	fi

build: setup
	swift build $(SWIFT_FLAGS)

test: setup
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build

demo: build
	@BIN="$(BIN)" ./Benchmarks/demo.sh

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests

bench: build
	@BIN="$(BIN)" ./Benchmarks/bench.sh

clean:
	rm -rf .build runs cache/*

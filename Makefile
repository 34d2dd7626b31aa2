# The targets that a reader needs stand first; `make help` lists them all.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# SIMD makes the pure-Go engine several times as quick; it changes nothing else. Go has it on amd64 only.
ifeq ($(shell go env GOARCH 2>/dev/null),amd64)
export GOEXPERIMENT := simd
endif

commit := $(shell git rev-parse HEAD 2>/dev/null)$(shell git diff --quiet HEAD 2>/dev/null || echo -dirty)
ldflags := -X hives/internal/cli.commit=$(commit)
go_files = $(shell git ls-files -co --exclude-standard '*.go')

.PHONY: gpu-check help setup build baseline-hugot test race test-daulet test-browser test-hugot test-compat test-python check-deploy vuln demo bench bench-full fuzz soak loadtest chaos engine-check golden proto proto-check proto-python man fmt vet lint clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## check the tools, install the CPU plugin and a pretrained encoder into .cache (or $HIVES_CACHE)
	@scripts/setup.sh

build: ## build train, embedd and hives into bin/
	@mkdir -p bin
	go build -ldflags '$(ldflags)' -o bin/ ./cmd/...

test: setup ## run all tests, and name those that were skipped (minutes)
	go vet ./...
	go test -json -timeout 10m ./... | go run ./scripts/testreport

# GoMLX's Go engine turns uintptr into pointers, which checkptr takes for a fault, and the race detector switches on.
RACE ?= ./client/... ./encoder/... ./samplers/... ./internal/hub ./internal/judge ./internal/llm ./internal/loopback ./internal/panel ./internal/serve/... ./internal/trainmetrics

race: setup ## run the concurrent packages (RACE) under the race detector; part of every release (many minutes)
	go test -race -gcflags=all=-d=checkptr=0 -timeout 40m $(RACE)

test-daulet: ## build the Rust library and hold the plain tokenizer to it (needs cargo)
	scripts/build_tokenizers.sh
	go test -tags daulet ./tokenizer

test-browser: ## review by keyboard, watch embedd's page and click through an audit in a headless browser (needs Chromium)
	go test -tags browser -run '^TestBrowser' -count 1 ./internal/review ./internal/serve/admin ./internal/audit/figures

test-compat: ## hold embedd to the openai package, LangChain, the AI SDK, grpcurl and a stub of TEI's proto (needs pip, npm)
	scripts/compat.sh

test-python: setup build ## test clients/python against a daemon, and exports in sentence-transformers (needs pip; 6 GB of cache)
	scripts/python.sh test
	scripts/roundtrip.sh

# hugot needs an older GoMLX, so the baseline is a module of its own.
hugot_files = scripts/download_minilm.sh >/dev/null; \
  python3 scripts/download_model.py minilm_int8 $${HIVES_CACHE:-$(CURDIR)/.cache}/models/minilm-int8 >/dev/null

baseline-hugot: ## build the baseline that serves MiniLM by hugot into bin/hugot, and bring its files (needs pip)
	@mkdir -p bin
	cd baselines/hugot && CGO_ENABLED=0 go build -o $(CURDIR)/bin/hugot .
	$(hugot_files)

test-hugot: ## test the baseline that serves MiniLM by hugot (needs pip)
	$(hugot_files)
	cd baselines/hugot && CGO_ENABLED=0 go vet ./... && CGO_ENABLED=0 go test ./...

check-deploy: ## hold deploy/'s manifests and unit to schemas, its Dockerfiles to a run of their stages (needs pip, kubectl)
	deploy/check.sh

vuln: ## hold the code and its dependencies to Go's database of vulnerabilities (needs a network)
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

demo: setup build ## train a small model on real rows and report what it learned (minutes)
	scripts/demo.sh

bench: setup ## measure the short set beside other programs, and write docs/BENCHMARKS.md (ten minutes)
	go run ./bench

bench-full: setup ## measure all rows beside other programs (hours; names the peers that are not installed)
	go run ./bench --full

# Inputs for each fuzz target; go test takes one target of one package at a time. With a duration such as 30s Go
# before 1.27 now and then calls the end of the time a failure on a busy machine (golang/go#75804).
FUZZTIME ?= 100000x

fuzz: setup ## try FUZZTIME (100000x, or a duration) inputs on each fuzz target
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do \
	  for target in $$(go test -list '^Fuzz' "$$dir" | grep '^Fuzz'); do \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$dir"; \
	  done; \
	done

# How much of what: every second kill waits for a save. SOAK_SEED draws other moments.
SOAK_ENGINE ?= cpu
SOAK_COUNTS ?= SOAK_STEPS=150 SOAK_KILLS=60 SOAK_TERMS=10 SOAK_DAMAGES=20

soak: setup ## kill, stop and damage training runs at random moments and compare what comes out (a quarter of an hour)
	SOAK_ENGINE=$(SOAK_ENGINE) $(SOAK_COUNTS) go test -v -count 1 -timeout 2h -run '^TestSoak$$' ./cmd/train

# Flags of bench/loadtest: other scenarios, models, loads. LOADTEST='--scenarios steady' watches memory for ten minutes.
LOADTEST ?=

loadtest: setup build ## offer embedd fixed loads beside the bare engine, and ten times too much (five minutes)
	go run ./bench/loadtest $(LOADTEST)

# How much of what; CHAOS_SEED draws other messages and moments.
CHAOS_ENGINE ?= go
CHAOS_COUNTS ?= CHAOS_MESSAGES=1000 CHAOS_CONNECTIONS=60 CHAOS_RATE=150 CHAOS_TEXTS=200 CHAOS_SECONDS=15 CHAOS_ATTACK_MS=3000 \
  CHAOS_OVERWRITE_MS=1000 CHAOS_OVERWRITES=40
POWERCUTS := ./checkpoints ./values ./internal/embedfiles ./internal/hub ./internal/runstore ./internal/statecache ./internal/trainer

chaos: setup ## strange messages, abused connections, attacks, overwritten models, kills and drains of embedd; power cuts (minutes)
	CHAOS_ENGINE=$(CHAOS_ENGINE) $(CHAOS_COUNTS) go test -v -count 1 -timeout 1h -run '^TestChaos' ./cmd/embedd
	go test -v -count 1 -timeout 1h -run '^TestPowerCut' $(POWERCUTS)

engine-check: setup build ## hold the plugin to 800 repeats of a training step, bit for bit, and to the Go engine
	bin/hives engine check

gpu-check: setup ## run scripts/gpu_check.sh on the CPU plugin at small sizes, so that it is ready for a GPU (needs PyTorch)
	@mkdir -p out
	scripts/gpu_check.sh dry out/gpu.json

proto: ## write the Go code of proto/ anew, with pinned tools (needs npm)
	scripts/proto.sh generate

proto-check: ## lint proto/, compare its Go code, refuse what breaks clients of the last commit, or of AGAINST
	scripts/proto.sh check $(AGAINST)

golden: ## make the reference values of PyTorch and transformers anew (needs pip; 6 GB of cache)
	scripts/golden.sh

proto-python: ## write the Python client's stubs anew, with pinned tools (needs pip)
	scripts/python.sh generate

man: build ## write man pages of all commands into out/man
	bin/hives man --out out/man
	bin/train man --out out/man
	bin/embedd man --out out/man

fmt: ## format the Go code
	gofmt -w $(go_files)

vet: ## vet the Go code
	go vet ./...

lint: vet ## vet, and fail on unformatted files
	@unformatted=$$(gofmt -l $(go_files)); [ -z "$$unformatted" ] || { echo "run make fmt: $$unformatted"; exit 1; }

clean: ## remove what was built; the cache and out/ stay
	rm -rf bin

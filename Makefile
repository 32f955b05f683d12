# make help lists the targets. Each does one thing; `make check test` is what a change must pass.

GO         ?= go
FUZZTIME   ?= 10s
BENCH      ?= .
BENCHTIME  ?= 1s
RUNS       ?= 5

# Tools run at these versions, through the module proxy; nothing is installed.
GOFUMPT     = $(GO) run mvdan.cc/gofumpt@v0.12.0
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

# What make toolchains installs by npm, before whatever else is called asc; but not its wasm-opt, which clang would run.
export PATH := $(CURDIR)/bin/toolchains/bin:$(PATH)

# testdata is no part of ./..., but the sample filters in it have tests too.
PACKAGES    = ./... ./testdata/plugins/...

.DEFAULT_GOAL := help
.PHONY: help run build plugins quickjs test race swaps compile-memory fuzz bench cover toolchains peers check fmt tidy vet lint vuln cross clean bench-plugins

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build plugins ## build all and start a relay on 127.0.0.1:8080 with relay.yaml
	bin/relay serve -c relay.yaml

build: quickjs ## build bin/relay, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/relay ./cmd/relay

quickjs: ## fetch QuickJS from npm, for filters in JavaScript; without npm relay is built without them
	@plugins/script/quickjs/fetch

plugins: bin/filters/redactgo.wasm ## put the sample filters into bin/filters, if their sources changed

bin/filters/redactgo.wasm: $(shell find testdata/plugins sdk -name '*.go' ! -name '*_test.go' -o -name '*.wasm') go.mod
	$(MAKE) --no-print-directory -C testdata/plugins OUT=$(CURDIR)/bin/filters

test: quickjs ## run the tests, with TESTFLAGS; peers that are not installed are skipped, with the reason
	cd testdata/peers/servers && $(GO) test ./bench/...
	$(GO) test -shuffle=on $(TESTFLAGS) $(PACKAGES)

race: quickjs ## run the tests under the race detector
	$(GO) test -race -shuffle=on $(TESTFLAGS) $(PACKAGES)

swaps: ## replace a filter 1,000 times under load, and look for leaks
	RELAY_TEST_SWAPS=1 $(GO) test -count=1 -run 'TestSwaps' -v ./plugins

compile-memory: ## compile the worst modules that the default limits admit, and see that a container of 256 MiB would do
	RELAY_TEST_COMPILE=1 $(GO) test -count=1 -run 'TestCompile_Fits' -v ./plugins/meter

# A failure leaves its input in testdata/fuzz beside the target, to be committed with the fix. What is there besides covers what
# fuzzing had reached: of what it adds to GOCACHE/fuzz, the few small files that reach something new.
fuzz: ## fuzz each target for FUZZTIME (10s), from the corpus in its testdata/fuzz
	@for pkg in $$($(GO) list $(PACKAGES)); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$f"; \
			$(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

bench: ## run the benchmarks that match BENCH (all) for BENCHTIME (1s) each
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME) $(PACKAGES)

bench-plugins: quickjs ## compare what an event costs in a filter with other hosts of WebAssembly; RUNS (5), BENCHTIME (1s)
	$(MAKE) --no-print-directory -C testdata/peers/plugins guests
	cd testdata/peers/plugins && $(GO) run . -runs $(RUNS) -time $(BENCHTIME)

.PHONY: bench-peers bench-peers-setup
bench-peers-setup: ## install the servers that bench-peers measures beside relay (needs root and apt)
	testdata/peers/servers/setup

bench-peers: build plugins ## compare relay with other servers; RUNS (5), DURATION (5s), ONLY=relay,c WORKLOADS=1,2a
	mkdir -p bin/peers
	cc -O2 -o bin/peers/floor testdata/peers/servers/floor/floor.c
	cd testdata/peers/servers && $(GO) build -o $(CURDIR)/bin/peers/ ./...
	RUNS='$(RUNS)' bin/peers/bench

cover: ## write bin/cover.html
	@mkdir -p bin
	$(GO) test -coverprofile=bin/cover.out -coverpkg=./... $(PACKAGES)
	$(GO) tool cover -html=bin/cover.out -o bin/cover.html
	@$(GO) tool cover -func=bin/cover.out | tail -1

toolchains: ## install compilers for filters in C, Rust and AssemblyScript (needs root and apt), or say what to install
	.ci/toolchains

peers: ## install real clients (needs root and apt) and run the tests with them
	.ci/peers
	RELAY_PEERS=require $(GO) test -count=1 -run 'Peers' -v ./cmd/relay

check: fmt tidy vet lint vuln cross ## do what CI does besides the tests

fmt: ## fail on files that gofumpt would change
	@changed=$$($(GOFUMPT) -l .) && if [ -n "$$changed" ]; then echo "not gofumpt-ed:"; echo "$$changed"; exit 1; fi

tidy: ## fail if go.mod or go.sum are not tidy
	$(GO) mod tidy -diff

vet: ## run go vet
	$(GO) vet $(PACKAGES)
	GOOS=wasip1 GOARCH=wasm $(GO) vet ./sdk/... ./testdata/plugins/redactgo ./testdata/plugins/tenants
	cd testdata/peers/servers && GOOS=linux $(GO) vet ./bench/... ./contract/... # the servers themselves need their libraries

lint: ## run staticcheck
	$(STATICCHECK) $(PACKAGES)

vuln: ## run govulncheck, where its data can be reached
	.ci/vuln

cross: ## build for the other platforms
	@for target in linux/arm64 linux/386 darwin/arm64 windows/amd64; do \
		echo "build $$target"; \
		CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build -o /dev/null ./cmd/relay || exit 1; \
		CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) vet ./... || exit 1; \
	done

clean: ## remove what was built
	rm -rf bin dist testdata/peers/node/node_modules testdata/peers/servers/npm/node_modules

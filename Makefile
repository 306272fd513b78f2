# Targets of people and CI. `make demo` and `make test` are all that a new machine needs: they install what is missing.
SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
FOR ?= 60s
JOBS = $(shell Scripts/bootstrap --jobs)
RELEASE = .build/release

.PHONY: demo test check prove bench install build release sbom fuzz clean help

help:
	@echo "make demo      arb trades against loopback venues for $(FOR), with a live board and reports"
	@echo "make test      the tests"
	@echo "make check     format, borders, sizes, docs"
	@echo "make prove     the long proofs (about three hours)"
	@echo "make bench     the benchmarks, beside their C floors"
	@echo "make sbom      what it loads, with versions and hashes, as CycloneDX"
	@echo "make install   arb into PREFIX=$(PREFIX)"

demo: release
	@$(RELEASE)/arb-sim demo --for $(FOR)

release: bootstrap
	@echo "building (release, $(JOBS) jobs) ..." >&2
	@swift build -c release -j $(JOBS) --static-swift-stdlib --quiet

build: bootstrap
	@swift build -j $(JOBS) --quiet

# What runs against real sockets with real deadlines runs after the rest, so that nothing else makes it late; what waits
# for tasks of the shared pool runs by itself, for other tests hold its threads.
ALONE = (Daemon|BadInput|PaperRun|PaperSetsRun|CloseExposure|Adopt|PairsReview|StoppedReader)Tests|Warm(Pool|Hostile)Tests|Hostile(Peer|Venue)Tests|(Kalshi|Polymarket)(Gateway|Catalogue)Tests
test: bootstrap
	@Scripts/tests --skip Scenarios --skip '$(ALONE)' -j $(JOBS)
	@Scripts/tests --skip-build --no-parallel --filter '$(ALONE)'
	@Scripts/tests --skip-build --filter Scenarios --skip 'LiveTradingTests|SceneTests|CrashTests'
	@Scripts/tests --skip-build --filter LiveTradingTests
	@Scripts/tests --skip-build --filter SceneTests
	@Scripts/tests --skip-build --filter CrashTests
	@Scripts/conformance

check: bootstrap
	@Scripts/check

prove:
	@Scripts/prove

bench: release
	@Scripts/bench

fuzz: bootstrap
	@Scripts/fuzz all 300

sbom: release
	@Scripts/sbom $(RELEASE)/arb

install: release
	@install -d "$(DESTDIR)$(PREFIX)/bin"
	@install -m 0755 $(RELEASE)/arb "$(DESTDIR)$(PREFIX)/bin/arb"
	@echo "installed $(DESTDIR)$(PREFIX)/bin/arb"

clean:
	@rm -rf .build

.PHONY: bootstrap
bootstrap:
	@Scripts/bootstrap

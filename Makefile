# Every target is one line; the work is in tools/ and in the pytake command line.
# ARGS passes options through:  make up ARGS="--http-port 9000"   make test ARGS="-k lanes"
PYTHON ?= python3
BIN := .venv/bin
SETUP := @$(PYTHON) tools/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: help setup up test check fmt bench bench-parts soak storm floods protos audit client sbom

help: ## show these lines
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-17s %s\n' "$$name" "$$text"; done

setup: ## install everything into .venv (skipped when nothing changed)
	$(SETUP)

up: ## start the whole house on this machine; Ctrl-C stops it and keeps the data
	$(SETUP) && exec $(BIN)/pytake up $(ARGS)

test: ## run every test
	$(SETUP) && exec $(BIN)/pytest -n auto $(ARGS)

check: ## format, lint, types, import contracts, fresh protos, unit and house tests
	$(SETUP) && exec $(BIN)/python tools/check.py

fmt: ## format the code and mend what ruff can mend
	$(SETUP) && $(BIN)/ruff check --fix-only --quiet . && exec $(BIN)/ruff format .

bench: ## measure the whole road beside its baselines: CPU per message, latencies
	$(SETUP) && exec $(BIN)/python -m tests.benchmarks $(ARGS)

bench-parts: ## measure: CPU per item of single parts, beside what does the same work elsewhere
	$(SETUP) && exec $(BIN)/python -m tests.benchmarks.parts $(ARGS)

soak: ## ten minutes under load: do memory and tables grow?
	$(SETUP) && exec $(BIN)/python -m tests.benchmarks.soak $(ARGS)

storm: ## kill, cut and delay things under load, and count what was lost
	$(SETUP) && exec $(BIN)/python -m tests.faults $(ARGS)

floods: ## flood a house with forged, large, deep and slow posts: latency of valid ones, memory, rows
	$(SETUP) && exec $(BIN)/python -m tests.floods $(ARGS)

protos: ## generate services/pb from protos/
	$(SETUP) && exec $(BIN)/python tools/protos.py

audit: ## ask whether a locked package has a known vulnerability (needs the network; 3 when it cannot be asked)
	$(SETUP) && exec $(BIN)/python tools/audit.py $(ARGS)

client: ## build the wheel of pytake-client into dist/
	$(SETUP) && exec $(BIN)/python -m tools.client $(ARGS)

sbom: ## write what the image is made of to dist/pytake.cdx.json (CycloneDX)
	$(SETUP) && exec $(BIN)/python tools/sbom.py $(ARGS)

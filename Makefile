# Undertow. `make help` lists what there is.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# An activated environment would otherwise be the one that uv installs into.
UV := env -u VIRTUAL_ENV $(BIN)/uv pip
INTO := --python $(BIN)/python
export DAGSTER_HOME ?= $(CURDIR)
# Without Python's cache of compiled modules each process starts 10 to 30 seconds later.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run note dev test test-duckdb-1.5 check format bench docs lock clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9.-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run ## Land data, rebuild, check, publish, print the note (demo profile unless UNDERTOW_PROFILE says else)
	@$(BIN)/undertow run --note

note: $(VENV)/run ## Print the newest desk note
	@$(BIN)/undertow note

dev: $(VENV)/dev ## Open the Dagster UI on http://127.0.0.1:3000
	@$(BIN)/dagster dev

test: check $(VENV)-duckdb-1.4/reader ## Check and run every test
	@$(BIN)/pytest -n 2

test-duckdb-1.5: $(VENV)-duckdb-1.5/dev ## Run the tests on the oldest DuckDB that is supported
	@$(VENV)-duckdb-1.5/bin/pytest -n 2 -m "not ui"

check: $(VENV)/dev ## Lint, check formatting and types
	@$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/dev ## Format and fix what can be fixed
	@$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/dev ## Time and weigh the runs and their stages, the gamma profile, systematic flows, the tape, rotation and positioning
	@$(BIN)/python tests/benchmarks/bench_run.py
	$(BIN)/python tests/benchmarks/bench_gamma.py
	$(BIN)/python -m tests.benchmarks.bench_flows
	$(BIN)/python -m tests.benchmarks.bench_tape
	$(BIN)/python -m tests.benchmarks.bench_rotation
	$(BIN)/python -m tests.benchmarks.bench_positioning

docs: $(VENV)/run ## Write docs/data-dictionary.md from the headers
	@$(BIN)/undertow tables --markdown > docs/data-dictionary.md

lock: $(VENV)/uv ## Pin the newest allowed dependencies, with hashes
	@$(UV) compile -q --universal --generate-hashes --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.txt
	$(UV) compile -q --universal --generate-hashes --python-version 3.11 -c requirements-dev.txt pyproject.toml -o requirements.txt

clean: ## Remove the environments and caches; data/ stays
	rm -rf $(VENV) $(VENV)-duckdb-1.4 $(VENV)-duckdb-1.5 .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Undertow needs Python 3.11 or newer, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check uv==0.13.9
	touch $@

$(VENV)/run: $(VENV)/uv requirements.txt pyproject.toml
	@$(UV) install -q $(INTO) --require-hashes -r requirements.txt
	$(UV) install -q $(INTO) --no-deps -e .
	touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.txt
	@$(UV) install -q $(INTO) --require-hashes -r requirements-dev.txt
	touch $@

# The oldest DuckDB that opens the published file: a reader's, without the project.
$(VENV)-duckdb-1.4/reader: $(VENV)/uv
	@$(BIN)/uv venv -q --clear $(VENV)-duckdb-1.4
	$(UV) install -q --python $(VENV)-duckdb-1.4 duckdb==1.4.4
	touch $@

$(VENV)-duckdb-1.5/dev: $(VENV)/uv requirements-dev.txt pyproject.toml
	@$(BIN)/uv venv -q --clear $(VENV)-duckdb-1.5
	$(UV) install -q --python $(VENV)-duckdb-1.5 --require-hashes -r requirements-dev.txt
	$(UV) install -q --python $(VENV)-duckdb-1.5 duckdb==1.5.5
	$(UV) install -q --python $(VENV)-duckdb-1.5 --no-deps -e .
	touch $@

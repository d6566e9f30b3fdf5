# make serve   the whole shop on this machine, installed first where needed
# make test    every check and every test, installed first where needed
# make docs    the pages that are generated from code

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help serve test check docs format

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PARTS := foundation commerce memory tools connectors agent demo api evals
CODE := $(PARTS) tests

# Models are in packages, and one thread each is what two cores can bear.
export HF_HUB_OFFLINE := 1
export OMP_NUM_THREADS := 1

help:
	@sed -n 's/^# make/make/p' Makefile

serve: .venv/installed
	@exec $(BIN)/livhana serve

test: check browser
	$(BIN)/pytest -rs -n 3 --dist loadfile --no-loadscope-reorder

check: .venv/installed-dev
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python tests/gates/smells.py $(PARTS) --gate

docs: .venv/installed
	$(BIN)/python -m foundation.settings.reference

format: .venv/installed-dev
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Python 3.11 is needed: install it, or say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --constraint constraints.txt --editable '.[dev]'
	@touch $@

# The browser tests are skipped, by name, where it cannot be installed.
.PHONY: browser
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests…"; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
			>/dev/null || echo "Chromium cannot be installed: the browser tests will be skipped."; \
	fi

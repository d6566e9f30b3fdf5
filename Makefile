# make serve                the whole shop on this machine, installed first where needed
# make test                 every check and every test, installed first where needed
# make dev                  as serve, with logs here and a new start at each change of the code
# make seed                 the demo shop, where it is not there yet
# make test-fast            the tests that are not slow, in about a minute
# make check                linters, types, import contracts, the lock
# make migration name=…     the next migration, from the declared tables
# make record-migrations    the digests of new migrations, in the commit that lands them
# make lock                 constraints.txt, from what is installed
# make docs                 the pages that are generated from code

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help serve dev seed test test-fast check types smells check-lock lock migration record-migrations docs format

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PARTS := foundation commerce memory tools connectors agent demo api evals
CODE := $(PARTS) tests

# Models are in packages, and one thread each is what two cores can bear.
export HF_HUB_OFFLINE := 1
export OMP_NUM_THREADS := 1

# The tests of a file stay together, and files begin in the order of tests/conftest.py.
BY_FILE := --dist loadfile --no-loadscope-reorder

help:
	@sed -n 's/^# make/make/p' Makefile

serve: .venv/installed
	@exec $(BIN)/livhana serve

dev: .venv/installed
	@exec $(BIN)/livhana dev serve

seed: .venv/installed
	@exec $(BIN)/livhana seed

test: check browser
	$(BIN)/pytest -rs -n 3 $(BY_FILE)

test-fast: .venv/installed-dev
	$(BIN)/pytest -n 2 $(BY_FILE) -m "not slow and not browser and not kills"

check: .venv/installed-dev types smells check-lock
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports

types: .venv/installed-dev
	$(BIN)/mypy $(CODE)

smells: .venv/installed-dev
	$(BIN)/python tests/gates/smells.py $(PARTS) --gate

check-lock: .venv/installed-dev
	$(BIN)/python -m tests.gates.lock --check

lock: .venv/installed-dev
	$(BIN)/python -m tests.gates.lock

migration: .venv/installed-dev
	@$(BIN)/livhana dev migration "$(name)"

record-migrations: .venv/installed-dev
	@$(BIN)/livhana dev record-migrations

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

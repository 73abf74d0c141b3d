# The one door to every chore. It installs and starts the tools; what they check is written in pyproject.toml.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
WORKERS ?= 2
ARGS ?=

PIP_VERSION := 26.3
TORCH := $(shell sed -n 's/^\(torch==.*\)/\1/p' constraints.txt)
BIN := .venv/bin

# One thread per process: small matrices gain nothing from more, tests already run side by side, and the order in
# which a threaded library adds up must not reach the results.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
unexport PYTHONPATH

.PHONY: help .venv test lint types imports unit slow format docs demo bench paper clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z.]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.venv: .venv/.installed ## install Lightloop and its tools, as pinned, into .venv

# torch goes first and by its exact version: any range would let pip fetch a newer build and its CUDA packages.
.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Lightloop needs Python 3.11 or newer, but '$(PYTHON)' is: $$($(PYTHON) --version 2>&1)." >&2; \
	    echo "Name another one, for example: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet pip==$(PIP_VERSION)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(TORCH)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --build-constraint constraints.txt \
	    --editable '.[dev]'
	@touch $@

test: lint types imports unit ## everything that CI checks, in that order

lint: .venv ## style and format (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv ## static types (mypy, strict)
	$(BIN)/mypy

imports: .venv ## import rules between the packages (import-linter)
	$(BIN)/lint-imports --no-logo --cache-dir .cache/imports

unit: .venv ## the fast tests; ARGS="-k mesh" chooses some
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

slow: .venv ## the tests marked slow
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m slow --timeout 1800 $(ARGS)

format: .venv ## apply ruff's fixes and its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv ## write the tables of keys in docs/studies.md anew, from the code
	$(BIN)/python -m experiments.output.keys

demo: .venv ## the three-minute tour
	$(BIN)/lightloop demo $(ARGS)

bench: .venv ## measure the emulator itself
	$(BIN)/lightloop bench $(ARGS)

paper: .venv ## the paper's figures and tables again
	$(BIN)/lightloop paper $(ARGS)

clean: ## remove caches and build products; .venv and out/ stay
	rm -rf .cache .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and remove .venv too
	rm -rf .venv

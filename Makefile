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

# Nothing that the caller's environment says about kernels or vector units gets through: the same command is the same
# check everywhere. `make cores` names kernels itself.
NUMERIC := OPENBLAS_% GOTO% MKL_% BLIS_% OMP_% KMP_% NPY_% NUMBA_% ATEN_% DNNL_% ONEDNN_% GLIBC_TUNABLES
SETTLED := OPENBLAS_NUM_THREADS OMP_NUM_THREADS MKL_NUM_THREADS NUMBA_CACHE_DIR
unexport $(filter-out $(SETTLED),$(filter $(NUMERIC),$(.VARIABLES)))

# Kernels of OpenBLAS that a newer x86 processor would not choose, and the tests whose numbers could tell.
CORES := Haswell Prescott
CORE_TESTS := tests/emulator/adapters $(wildcard tests/emulator/physics/opu/test_*medium*.py) \
    tests/emulator/physics/opu/test_row_products.py tests/emulator/instruments/opu/test_rows_alone.py

# The page of endurance is the list of what `make faults` runs: every test file and every check that it names.
FAULT_TESTS = $(shell grep -oE 'tests/[a-z0-9_/]+\.py' docs/endurance.md | sort -u)
FAULT_CHECKS = grep -oE '`lightloop check [^`]+`' docs/endurance.md | tr -d '`' | sort -u

.PHONY: help .venv test lint types imports cores unit slow faults format docs demo bench paper check clean distclean

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

test: lint types imports cores unit ## everything that CI checks, in that order

lint: .venv ## style and format (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv ## static types (mypy, strict)
	$(BIN)/mypy

imports: .venv ## import rules between the packages (import-linter)
	$(BIN)/lint-imports --no-logo --cache-dir .cache/imports

cores: .venv ## the tests of light under other kernels of OpenBLAS than this machine's (x86)
	@case "$$(uname -m)" in x86_64 | amd64) ;; *) echo "cores: kernels are named for x86 only"; exit 0 ;; esac; \
	for core in $(CORES); do \
	    export OPENBLAS_CORETYPE=$$core; \
	    if $(BIN)/python -c 'import numpy; a = numpy.ones((64, 64), "f"); a @ a' 2>/dev/null; then \
	        echo "cores: $$core"; $(BIN)/pytest -q -n $(WORKERS) --dist worksteal $(CORE_TESTS) || exit 1; \
	    else echo "cores: this machine cannot run $$core"; fi; \
	done

unit: .venv ## the fast tests; ARGS="-k mesh" chooses some
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

slow: .venv ## the tests marked slow, and ten times as many examples of each property
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m slow --timeout 1800 $(ARGS)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m 'hypothesis and not slow' --hypothesis-profile thorough \
	    --timeout 1800 $(ARGS)

faults: .venv ## all tests and checks of docs/endurance.md, whole: some hours
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m 'slow or not slow' --timeout 1800 $(FAULT_TESTS)
	@failed=; $(FAULT_CHECKS) | { while read -r line; do \
	    echo "$$line"; $(BIN)/$$line </dev/null || failed="$$failed; $$line"; \
	done; test -z "$$failed" || { echo "faults: these failed$$failed" >&2; exit 1; }; }

format: .venv ## apply ruff's fixes and its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv ## write the tables of keys and the page of commands anew, from the code
	$(BIN)/python -m experiments.run.keys
	$(BIN)/python -m experiments.commands_page
	$(BIN)/python -m experiments.serve.page

demo: .venv ## the three-minute tour
	$(BIN)/lightloop demo $(ARGS)

bench: .venv ## measure the emulator itself
	$(BIN)/lightloop bench $(ARGS)

paper: .venv ## the papers' figures and tables again
	$(BIN)/lightloop paper $(ARGS)

check: .venv ## what Lightloop promises, put to the test; ARGS=kills chooses one
	$(BIN)/lightloop check $(ARGS)

clean: ## remove caches and build products; .venv and out/ stay
	rm -rf .cache .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and remove .venv too
	rm -rf .venv

# Every target sets itself up: it needs only Python >= 3.11, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready

# Spinning OpenMP threads slow each other down on shared cores.
export OMP_WAIT_POLICY := PASSIVE

.PHONY: install demo test lint results bench clean

install: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(BENCH_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	@touch $@

demo: $(READY)
	$(BIN)/likelihood-curvature demo

# Two worker processes with one torch thread each: threads inside small convolutions cost more than they give.
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --cov=curvature --cov-report=term --durations=10
	$(BIN)/python -m coverage report --include='curvature/*' --fail-under=95

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# All gaps of the paper's pairs, measured and predicted from the shipped models; finished stages in runs/gaps are kept.
# Data sets are looked for in LIKELIHOOD_CURVATURE_DATA and the cache; the command says which is missing and how to fetch it.
results: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/likelihood-curvature gaps --out results --jobs 2

bench: $(BENCH_READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

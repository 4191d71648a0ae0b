# Everything a fresh machine needs is Python 3.11 or later, make and git. The rest comes into .venv, pinned by hash.
#
#   make demo    install, start an own PostgreSQL, load a synthetic list, serve, print lines to paste  [PORT=8000]
#   make test    install and run every test on a real PostgreSQL
#   make check   format, lint, types, layers
#   make fix     mend format and lint where that can be done by itself
#   make bench   measure everything beside what else one could have picked, and write docs/performance.md  [QUICK=1]
#   make lock    pin the newest versions that pyproject.toml allows
#   make clean   remove .venv and the demo's data

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# Tests wait for processes of their own a good part of the time.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(max(2, (os.cpu_count() or 1) * 3 // 2))')

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# By uv in a quarter of the time; by pip where only pip is told of the index that this machine has.
LOCKED := --require-hashes --no-deps -r requirements-dev.lock

.PHONY: demo test check fix bench lock clean
.DEFAULT_GOAL := demo

.venv/installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	sed -n '/^uv==/,/# via/p' requirements-dev.lock | $(PIP) --require-hashes -r /dev/stdin
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(LOCKED) || $(PIP) $(LOCKED)
	$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

demo: .venv/installed
	@$(BIN)/liancheng demo --port $(PORT)

test: .venv/installed
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/liancheng catalogue check data/measures.yaml
	$(BIN)/liancheng rules check data/list_rules.yaml
	$(BIN)/liancheng scenes check data/scenes.yaml
	$(BIN)/liancheng enforcement check data/enforcement.yaml

fix: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

# For the image, which has no PostgreSQL of its own, and for development. Universal: one file for every platform and Python from 3.11. No index address is written into it.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade
lock: .venv/installed
	$(LOCK) pyproject.toml --output-file requirements-image.lock
	$(LOCK) --extra embedded --group dev --constraint requirements-image.lock pyproject.toml --output-file requirements-dev.lock
	$(LOCK) benchmarks/datasette/requirements.in --output-file benchmarks/datasette/requirements.lock

clean:
	rm -rf .venv .liancheng .bench

# One obvious way to run everything. Needs Python >= 3.11 and make; uses uv when it is there. No Node.
#   make demo    run a real notebook as a pipeline        make test    every test
#   make lint    style, types, layers, size budget        make bench   measure beside the peers
#   make lab     JupyterLab in the examples' folder       make clean   remove what was built
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo lab test coverage lint format bench clean verified

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
UV := $(shell command -v uv 2>/dev/null)
INSTALL = $(if $(UV),"$(UV)" pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
# Two workers suit a small machine and are robust: tests start processes of their own.
WORKERS ?= 2
PYTEST_ARGS ?=
# Extras of pyproject.toml to work with; `EXTRAS=dev,torch` also tests with torch, which takes 5 GB.
EXTRAS ?= dev
DEV := $(VENV)/.with-$(EXTRAS)

help:
	@sed -n 's/^#   //p' Makefile

# Stamps live in the environment: nothing is installed twice, and removing the environment removes them.
$(VENV)/.made:
	@if [ -z "$(PYTHON)" ]; then echo "Python >= 3.11 is needed; give it as: make PYTHON=/path/to/python3" >&2; exit 1; fi
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(if $(UV),test -x $(BIN)/python || "$(UV)" venv --quiet --python "$$(command -v $(PYTHON))" $(VENV),$(PYTHON) -m venv $(VENV))
	@touch $@

$(VENV)/.examples: pyproject.toml | $(VENV)/.made
	@echo "Installing jupyter-mlops and what the examples import"
	@$(INSTALL) -e '.[examples]'
	@touch $@

$(DEV): pyproject.toml | $(VENV)/.made
	@echo "Installing jupyter-mlops with what tests and lint need"
	@$(INSTALL) -e '.[$(EXTRAS)]'
	@touch $(VENV)/.examples $@

$(VENV)/.lab: pyproject.toml | $(VENV)/.made
	@$(INSTALL) -e '.[examples,lab]'
	@touch $@

demo: $(VENV)/.examples
	@PATH="$(abspath $(BIN)):$$PATH" bash tools/demo.sh

lab: $(VENV)/.lab
	@PATH="$(abspath $(BIN)):$$PATH" jupyter lab --notebook-dir examples/notebooks

test: $(DEV)
	@PATH="$(abspath $(BIN)):$$PATH" python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

coverage: $(DEV)
	@PATH="$(abspath $(BIN)):$$PATH" bash tools/coverage.sh

lint: $(DEV)
	@PATH="$(abspath $(BIN)):$$PATH" bash tools/lint.sh

format: $(DEV)
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(DEV)
	@PATH="$(abspath $(BIN)):$$PATH" UV="$(UV)" python benchmarks/bench.py

# Runs every notebook of tests/public_notebooks both ways and writes docs/verified_notebooks.md.
verified: $(DEV)
	@PATH="$(abspath $(BIN)):$$PATH" python tools/verify_notebooks.py

clean:
	@rm -rf $(VENV) .venv-* build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov .coverage*
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@find . -name .jupyter_mlops -prune -exec rm -rf {} +

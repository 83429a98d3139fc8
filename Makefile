# One obvious way to run everything. Needs Python >= 3.11 and make; uses uv and Node when they are there.
#   make demo    run a real notebook as a pipeline        make test    every test
#   make lint    style, types, layers, size budget        make bench   measure beside the peers
#   make lab     JupyterLab in the examples' folder       make watch   build the front end at each change
#   make kfp     Kubeflow Pipelines' SDK beside it, for the tests that compare with it
#   make clean   remove what was built
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo lab front-end kfp watch test kubernetes-versions coverage lint format bench clean verified

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
UV := $(shell command -v uv 2>/dev/null)
INSTALL = $(if $(UV),"$(UV)" pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
# Two workers suit a small machine and are robust: tests start processes of their own.
WORKERS ?= 2
PYTEST_ARGS ?=
LAB_ARGS ?=
# Extras of pyproject.toml to work with; `EXTRAS=dev,torch` also tests with torch, which takes 5 GB.
EXTRAS ?= dev
DEV := $(VENV)/.with-$(EXTRAS)
RUN := PATH="$(abspath $(BIN)):$$PATH"

# pip leaves the front end out: `front_end.py build` makes it, when its sources changed, and JupyterLab follows a link
# to what is built. So no change of it needs pip. What pip brings for the build: Node too, where there is none.
INSTALL_SOURCES = JUPYTER_MLOPS_SKIP_JS=1 $(INSTALL)
FOR_FRONT_END = $$($(RUN) python tools/front_end.py requires)
FRONT_END = $(RUN) python tools/front_end.py
LABEXTENSIONS := $(VENV)/share/jupyter/labextensions
LINK_FRONT_END = mkdir -p $(LABEXTENSIONS) && rm -rf $(LABEXTENSIONS)/jupyter-mlops && \
	ln -s "$(CURDIR)/jupyter_mlops/labextension" $(LABEXTENSIONS)/jupyter-mlops

# Kubeflow Pipelines' SDK forbids versions that we need, so it has an environment of its own. cel-python evaluates the
# conditions that we write. `make test` compares with them where they are; .ci/run always does.
KFP := .venv-kfp
KFP_PACKAGES := kfp==2.17.0 kfp-kubernetes==2.17.0 cel-python==0.5.0

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
	@$(INSTALL_SOURCES) -e '.[examples]'
	@touch $@

$(VENV)/.lab: pyproject.toml | $(VENV)/.made
	@echo "Installing jupyter-mlops with JupyterLab and what the examples import"
	@$(INSTALL_SOURCES) -e '.[examples,lab]' $(FOR_FRONT_END)
	@$(LINK_FRONT_END)
	@touch $(VENV)/.examples $@

$(DEV): pyproject.toml | $(VENV)/.made
	@echo "Installing jupyter-mlops with what tests and lint need"
	@$(INSTALL_SOURCES) -e '.[$(EXTRAS)]' $(FOR_FRONT_END)
	@$(LINK_FRONT_END)
	@touch $(VENV)/.examples $(VENV)/.lab $@

demo: $(VENV)/.examples
	@$(RUN) bash tools/demo.sh

lab: front-end
	@$(RUN) jupyter lab --notebook-dir examples/notebooks $(LAB_ARGS)

front-end: $(VENV)/.lab
	@$(FRONT_END) build

# For development: JupyterLab shows each change after a reload of its page.
watch: front-end
	@$(FRONT_END) npm run watch

$(KFP)/.made: Makefile
	@echo "Making $(KFP): $(KFP_PACKAGES)"
	@$(if $(UV),test -x $(KFP)/bin/python || "$(UV)" venv --quiet --python "$$(command -v $(PYTHON))" $(KFP),$(PYTHON) -m venv $(KFP))
	@$(if $(UV),"$(UV)" pip install --quiet --python $(KFP)/bin/python,$(KFP)/bin/python -m pip install --quiet --disable-pip-version-check) $(KFP_PACKAGES)
	@touch $@

kfp: $(KFP)/.made

# With PYTEST_ARGS only those tests of Python run.
test: $(DEV)
	@$(FRONT_END) build
	@$(RUN) python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)
	@$(if $(PYTEST_ARGS),,$(FRONT_END) npm test)

# The client of Kubernetes with old and new versions of the package kubernetes.
kubernetes-versions: $(DEV)
	@$(RUN) bash tools/kubernetes_versions.sh $(VERSIONS)

coverage: $(DEV)
	@$(RUN) bash tools/coverage.sh

lint: $(DEV)
	@$(RUN) bash tools/lint.sh

format: $(DEV)
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(DEV)
	@$(RUN) UV="$(UV)" python benchmarks/bench.py

# Runs every notebook of tests/public_notebooks both ways and writes docs/verified_notebooks.md.
verified: $(DEV)
	@$(RUN) python tools/verify_notebooks.py

clean:
	@rm -rf labextension/{node_modules,lib,tsconfig.tsbuildinfo} jupyter_mlops/{labextension,widgets/static}
	@rm -rf $(VENV) .venv-* build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov .coverage*
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@find . -name .jupyter_mlops -prune -exec rm -rf {} +

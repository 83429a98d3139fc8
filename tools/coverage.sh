#!/usr/bin/env bash
# The analysis of notebooks is where a missed branch is a wrong pipeline: at least 95 % of its branches are tested.
set -euo pipefail
python -m pytest -q --cov=jupyter_mlops.notebook --cov-branch --cov-report=term-missing:skip-covered \
    --cov-fail-under=95 tests/unit/notebook

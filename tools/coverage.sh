#!/usr/bin/env bash
# The analysis of notebooks is where a missed branch is a wrong pipeline: at least 95 % of its branches are tested.
set -euo pipefail
# (What is slow without measuring runs with the other tests.)
python -m pytest -q -m "not slow" --cov=jupyter_mlops.notebook --cov-branch --cov-report=term-missing:skip-covered \
    --cov-fail-under=95 tests/unit/notebook

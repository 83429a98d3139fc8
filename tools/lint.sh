#!/usr/bin/env bash
# Every check runs, whatever the one before it said; exit 1 when any complained.
set -uo pipefail
failed=()

check() {
    local name=$1
    shift
    printf '\n== %s\n' "$name"
    "$@" || failed+=("$name")
}

check "ruff check" ruff check --quiet .
check "ruff format" ruff format --check --quiet .
check "mypy --strict" mypy
check "mypy --strict of the build" mypy hatch_build.py tools/front_end.py tools/bundle_size.py
check "import layers" lint-imports --no-logo
check "runtime and kube keep to Python 3.9" vermin --quiet --no-tips -t=3.9- --violations \
    jupyter_mlops/runtime jupyter_mlops/kube jupyter_mlops/errors.py jupyter_mlops/__init__.py
check "size budget" python tools/budget.py
check "front end: types, eslint, prettier" python tools/front_end.py npm run --silent lint
check "front end: build" python tools/front_end.py build
check "front end: size of what a browser downloads" python tools/bundle_size.py

if ((${#failed[@]})); then
    printf '\nlint failed: %s\n' "$(IFS=,; echo "${failed[*]}")" >&2
    exit 1
fi
printf '\nlint: all good\n'

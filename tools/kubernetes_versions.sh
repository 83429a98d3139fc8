#!/usr/bin/env bash
# Tests of kube/ with several versions of the package kubernetes, each in a small environment of its own, which is kept:
# `kubernetes_versions.sh [VERSION...]`. Versions differ in how they hand on tokens, and in what they read of a kubeconfig.
set -euo pipefail
cd "$(dirname "$0")/.."
versions=("$@")
((${#versions[@]})) || versions=(30.1.0 35.0.0 37.0.2)
python=${PYTHON:-python3}

for version in "${versions[@]}"; do
    place=.venv-kubernetes-$version
    echo "== kubernetes $version"
    if [ ! -e "$place/.made" ]; then
        packages=("kubernetes==$version" 'hypothesis>=6.100' 'pytest>=8.2' 'pytest-timeout>=2.3')
        if command -v uv >/dev/null; then
            uv venv --quiet --clear --python "$(command -v "$python")" "$place"
            uv pip install --quiet --python "$place/bin/python" "${packages[@]}"
        else
            "$python" -m venv --clear "$place"
            "$place/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}"
        fi
        touch "$place/.made"
    fi
    "$place/bin/python" -m pytest -q tests/unit/kube
done

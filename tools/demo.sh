#!/usr/bin/env bash
# A notebook that nobody prepared, run as a pipeline; then again, when nothing has changed.
set -euo pipefail
folder=build/demo
rm -rf "$folder"
mkdir -p "$folder/.jupyter_mlops"
cp examples/notebooks/iris.ipynb "$folder/notebook.ipynb"
cd "$folder"

say() {
    printf '\n\033[1m$ %s\033[0m\n' "$*"
    "$@"
}

printf 'In %s: notebook.ipynb, as somebody wrote it.\n' "$folder"
say jupyter mlops convert notebook.ipynb -o pipeline.ipynb
say jupyter mlops graph pipeline.ipynb
say jupyter mlops run pipeline.ipynb
say jupyter mlops run pipeline.ipynb
printf '\nNext: make test, or `%s/bin/jupyter mlops --help`.\n' "${VENV:-.venv}"

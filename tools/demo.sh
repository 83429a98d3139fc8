#!/usr/bin/env bash
# A notebook that nobody prepared, run as a pipeline.
set -euo pipefail
folder=build/demo
rm -rf "$folder"
mkdir -p "$folder"
cp examples/notebooks/iris.ipynb "$folder/notebook.ipynb"

say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }

say jupyter mlops convert "$folder/notebook.ipynb" -o "$folder/pipeline.ipynb"
jupyter mlops convert "$folder/notebook.ipynb" -o "$folder/pipeline.ipynb"

say jupyter mlops run "$folder/pipeline.ipynb"
jupyter mlops run "$folder/pipeline.ipynb"

say jupyter mlops run "$folder/pipeline.ipynb" -p n_neighbors=7
jupyter mlops run "$folder/pipeline.ipynb" -p n_neighbors=7

#!/usr/bin/env bash
# Bring up a Kubernetes for tests/cluster and print its KUBECONFIG, and nothing where none can be had. One that
# KUBECONFIG names already (kind, minikube, a company's) is taken as it is: it needs the images named below.
#   test_cluster.sh FOLDER     FOLDER has cluster.py and operators.py, which run a Kubernetes on this machine
set -euo pipefail
IMAGES=(
    "mlops/bare:1"
    "mlops/examples:1 --pip numpy pandas scikit-learn matplotlib"
    "mlops/s3:1 --pip s3fs moto[server]"
)
OPERATORS=(argo metrics-server)
# One that is besides in an image of its own, as it is the oldest that pods may have; only where there is one to pack.
OLDEST=("$HOME"/.pyenv/versions/3.9*/bin/python3.9)

say() { echo "cluster: $*" >&2; }

if [ -n "${KUBECONFIG:-}" ]; then
    echo "$KUBECONFIG"
    exit
fi
folder=${1:?a folder with cluster.py}
if [ ! -x "$folder/cluster.py" ]; then
    say "there is no $folder/cluster.py: tests/cluster will be skipped"
    exit
fi
"$folder/cluster.py" deps >&2
"$folder/cluster.py" up >&2
for image in "${IMAGES[@]}"; do
    # shellcheck disable=SC2086 # a name and its options
    "$folder/cluster.py" image $image >&2
done
for python in "${OLDEST[@]}"; do
    [ -x "$python" ] || continue
    # Always the same place: the image is made again only when its Python is another one.
    packed=$(python3 "$(dirname "$0")/python_wheel.py" "$python" "${TMPDIR:-/tmp}/mlops-oldest-python")
    "$folder/cluster.py" image mlops/python39:1 --pip "$packed" --env LD_LIBRARY_PATH=/opt/venv/python39/lib >&2
    break
done
"$folder/operators.py" install "${OPERATORS[@]}" >&2
"$folder/cluster.py" env | sed 's/^export KUBECONFIG=//'

"""The container `main` of a pod of a Workflow, as a process here: `argo_pod.py ARGUMENTS`, with the folders of its
mounts in the variables MLOPS_TEST_STORE, _PARCEL and _TOLD.
"""

from __future__ import annotations

import os
import sys

from jupyter_mlops.targets.argo import order, pod_main
from jupyter_mlops.targets.kubernetes.pod_main import main

if __name__ == "__main__":
    for module in (order, pod_main):
        module.STORE = os.environ["MLOPS_TEST_STORE"]
    pod_main.PARCEL = os.environ["MLOPS_TEST_PARCEL"]
    pod_main.TOLD = os.environ["MLOPS_TEST_TOLD"]
    sys.exit(main(sys.argv[1:]))

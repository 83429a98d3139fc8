"""Which kernels are installed here, and how one that is not gets installed."""

from __future__ import annotations

import os
import re

# The usual names of Python mean the environment that this software runs in, whatever is installed.
OURS = ("", "python", "python3")
_INSTALL = {
    "ir": "In R: install.packages('IRkernel'); IRkernel::installspec().",
    "julia": 'In Julia: using Pkg; Pkg.add("IJulia").',
    "bash": "pip install bash_kernel; python -m bash_kernel.install.",
}


def is_missing(name: str) -> bool:
    """Whether no kernel of this name is installed. Jupyter's own, slower, answer is asked for only if none is seen."""
    if name in OURS or _is_seen(name):
        return False
    from jupyter_client.kernelspec import KernelSpecManager

    return name.lower() not in KernelSpecManager().find_kernel_specs()


def how_to_install(name: str) -> str:
    """What to do about a kernel that is not installed, and which are."""
    from jupyter_client.kernelspec import KernelSpecManager

    known = ", ".join(sorted(KernelSpecManager().find_kernel_specs())) or "none"
    default = f"For Python: python -m ipykernel install --user --name {name}, or give the notebook the kernel python3."
    return f"{_INSTALL.get(re.sub(r'[^a-z].*', '', name.lower()), default)} Installed are: {known}."


def _is_seen(name: str) -> bool:
    from jupyter_core.paths import jupyter_path

    return any(os.path.isfile(os.path.join(folder, name, "kernel.json")) for folder in jupyter_path("kernels"))

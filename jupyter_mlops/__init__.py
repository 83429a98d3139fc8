"""Notebooks to production: cells become pipelines, trainings, sweeps and deployments.

Importing this loads the standard library only; each public name loads its part when it is first used.
This file and `runtime/` travel into every step, so both keep to Python 3.9.
"""

from __future__ import annotations

import importlib

# Public name -> (module, name there). One table, so that the import stays free and the surface is one screen.
_PUBLIC = {
    "Pipeline": ("jupyter_mlops.pipeline.model", "Pipeline"),
    "run": ("jupyter_mlops.verbs.run", "run"),
    "runs": ("jupyter_mlops.widgets.run_list", "runs"),
    "step": ("jupyter_mlops.pipeline.api", "step"),
    "pipeline": ("jupyter_mlops.pipeline.api", "pipeline"),
    "notebook": ("jupyter_mlops.pipeline.api", "notebook"),
    "subpipeline": ("jupyter_mlops.pipeline.api", "subpipeline"),
    "first": ("jupyter_mlops.pipeline.api", "first"),
    "when": ("jupyter_mlops.pipeline.api", "when"),
    "for_each": ("jupyter_mlops.pipeline.api", "for_each"),
    "log_metric": ("jupyter_mlops.runtime.tracking", "log_metric"),
    "log_params": ("jupyter_mlops.runtime.tracking", "log_params"),
    "log_artifact": ("jupyter_mlops.runtime.tracking", "log_artifact"),
    "log_figure": ("jupyter_mlops.runtime.tracking", "log_figure"),
    "param": ("jupyter_mlops.runtime.tracking", "param"),
}


def __getattr__(name: str) -> object:
    if name == "run_id":
        return importlib.import_module("jupyter_mlops.runtime.tracking").run_id()
    if name == "__version__":
        from importlib.metadata import version

        return version("jupyter-mlops")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'jupyter_mlops' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*_PUBLIC, "run_id", "__version__"])


def load_ipython_extension(shell: object) -> None:
    """Register the magics: `%load_ext jupyter_mlops`."""
    importlib.import_module("jupyter_mlops.magics").register(shell)


def unload_ipython_extension(shell: object) -> None:
    """Take the magics away: `%unload_ext jupyter_mlops`."""
    importlib.import_module("jupyter_mlops.magics").unregister(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where JupyterLab's part is: `jupyter labextension develop` asks."""
    return [{"src": "labextension", "dest": "jupyter-mlops"}]

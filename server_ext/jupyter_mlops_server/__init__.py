"""The server part of jupyter-mlops: routes over the library, for JupyterLab and anything else that has a token."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> str:
    """The version, for those who list extensions."""
    if name != "__version__":
        raise AttributeError(f"module 'jupyter_mlops_server' has no attribute {name!r}")
    from jupyter_mlops import __version__

    return str(__version__)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_mlops_server.app import MLOpsApp

    return [{"module": "jupyter_mlops_server", "app": MLOpsApp}]

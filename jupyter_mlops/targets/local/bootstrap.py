"""Starts one of our processes in any interpreter: `python bootstrap.py MODULE` imports MODULE and calls its `main()`.

The package is taken from where this file lies: an interpreter of another environment finds it, and nothing else of
ours. Standard library, Python >= 3.9.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "jupyter_mlops"


def adopt_package() -> None:
    """Make `jupyter_mlops` importable from here, and hide this folder, whose modules are not top-level ones."""
    # Python puts a script's folder first, and then `pool` or `limits` would be ours for the user's code.
    sys.path[:] = [entry for entry in sys.path if entry == "" or os.path.abspath(entry) != HERE]
    root = os.path.dirname(os.path.dirname(HERE))
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(root, "__init__.py"), submodule_search_locations=[root]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"no package in {root}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    adopt_package()
    sys.exit(importlib.import_module(sys.argv[1]).main())

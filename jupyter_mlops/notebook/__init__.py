"""A notebook as data: document, source, scopes, dataflow, diagnostics, conversion.

The package is also what `mlops.notebook(...)` finds once it is imported, so it can be called as that step.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """A whole notebook as a step: `pipeline.api.notebook`."""
        return importlib.import_module("jupyter_mlops.pipeline.api").notebook(*args, **kwargs)


sys.modules[__name__].__class__ = _Package

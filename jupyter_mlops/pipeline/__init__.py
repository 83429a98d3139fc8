"""A pipeline as data: model, Python API, expressions for conditions and loops.

The package is also what `@mlops.pipeline` finds once it is imported, so it can be called as that decorator.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The decorator `pipeline.api.pipeline`."""
        return importlib.import_module("jupyter_mlops.pipeline.api").pipeline(*args, **kwargs)


sys.modules[__name__].__class__ = _Package

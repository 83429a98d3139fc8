"""A pipeline from a Python file: the file is imported as a module, and its one pipeline taken."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from jupyter_mlops.errors import MlopsError, NotFound, Usage
from jupyter_mlops.pipeline.model import Pipeline


def load_pipeline_file(path: str | Path, name: str | None = None) -> Pipeline:
    """Import the file and give its pipeline: the one called `name`, or the only one.

    Raises:
        NotFound: there is no such file or pipeline.
        Usage: the file cannot be imported, or has several pipelines.
    """
    file = Path(path).expanduser().absolute()
    if not file.is_file():
        raise NotFound(f"There is no file {str(path)!r}.")
    found = _pipelines(_imported(file))
    if name is not None:
        if name not in found:
            raise NotFound(f"{file.name} has no pipeline {name!r}.", hint=f"It has: {', '.join(found) or 'none'}.")
        return _built(found[name])
    if not found:
        raise NotFound(f"{file.name} has no pipeline.", hint="Decorate a function with @mlops.pipeline.")
    if len(found) > 1:
        raise Usage(f"{file.name} has several pipelines: {', '.join(found)}.", hint="Say which one.")
    return _built(next(iter(found.values())))


def _pipelines(module: ModuleType) -> dict[str, object]:
    from jupyter_mlops.pipeline.api import PipelineFunction

    found: dict[str, object] = {}
    for name, value in vars(module).items():
        own = not isinstance(value, PipelineFunction) or value.function.__module__ == module.__name__
        if isinstance(value, PipelineFunction | Pipeline) and own and value not in found.values():
            found[name] = value
    return found


def _built(found: object) -> Pipeline:
    if isinstance(found, Pipeline):
        return found
    pipeline: Pipeline = found.build()  # type: ignore[attr-defined]
    return pipeline


def _imported(file: Path) -> ModuleType:
    """The file as a module under its own name, or one made from its path where another module has that name."""
    name = file.stem
    known = sys.modules.get(name)
    if not name.isidentifier() or (known is not None and getattr(known, "__file__", None) != str(file)):
        name = f"pipeline_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise Usage(f"{file.name} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _importing_from(file.parent):
            spec.loader.exec_module(module)
    except MlopsError:
        raise
    except Exception as error:
        sys.modules.pop(name, None)
        raise Usage(f"{file.name} cannot be imported{_line(error, file)}: {type(error).__name__}: {error}") from error
    return module


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Modules beside the file can be imported, as when it runs as a script."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _line(error: Exception, file: Path) -> str:
    if isinstance(error, SyntaxError):
        return f" (line {error.lineno})"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f" (line {lines[-1]})" if lines else ""

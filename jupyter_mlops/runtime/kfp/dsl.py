"""What code of a component imports as `kfp.dsl`, for images and machines without kfp: types, artifacts, decorators.

The names and their behaviour are KFP's own, as far as code that runs inside a component can see them.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from typing import Any, Optional

from jupyter_mlops.runtime.kfp.files import local_path


class Artifact:
    """Anything that a component reads or writes as a file or folder: at `path`, with `metadata` beside it."""

    schema_title = "system.Artifact"
    schema_version = "0.0.1"
    TYPE_NAME = "system.Artifact"

    def __init__(self, name: Optional[str] = None, uri: Optional[str] = None, metadata: Optional[dict] = None) -> None:  # type: ignore[type-arg]
        self.name = name or ""
        self.uri = uri or ""
        self.metadata: dict[str, Any] = metadata or {}
        self.custom_path: Optional[str] = None

    @property
    def path(self) -> str:
        """Where it is on this machine."""
        return self.custom_path or local_path(self.uri)

    @path.setter
    def path(self, path: str) -> None:
        self.custom_path = path
        self.uri = path


def _artifact(title: str, base: type = Artifact, **members: Any) -> Any:
    name = title.rpartition(".")[2]
    return type(name, (base,), {"schema_title": title, "TYPE_NAME": title, "__doc__": f"KFP's {title}.", **members})


Dataset = _artifact("system.Dataset")
HTML = _artifact("system.HTML")
Markdown = _artifact("system.Markdown")


class Model(Artifact):
    """A model; `framework` is kept with it."""

    schema_title = TYPE_NAME = "system.Model"

    @property
    def framework(self) -> str:
        """The library it is of."""
        return str(self.metadata.get("framework", ""))

    @framework.setter
    def framework(self, framework: str) -> None:
        self.metadata["framework"] = framework


class Metrics(Artifact):
    """Numbers by name."""

    schema_title = TYPE_NAME = "system.Metrics"

    def log_metric(self, metric: str, value: float) -> None:
        """Keep a number."""
        self.metadata[metric] = value


class ClassificationMetrics(Artifact):
    """A confusion matrix and a ROC curve."""

    schema_title = TYPE_NAME = "system.ClassificationMetrics"

    def __init__(self, name: Optional[str] = None, uri: Optional[str] = None, metadata: Optional[dict] = None) -> None:  # type: ignore[type-arg]
        super().__init__(name, uri, metadata)
        self._categories: list[str] = []
        self._matrix: list[dict[str, list[int]]] = []

    def log_roc_data_point(self, fpr: float, tpr: float, threshold: float) -> None:
        """Add a point to the curve."""
        points = self.metadata.setdefault("confidenceMetrics", [])
        points.append({"confidenceThreshold": threshold, "recall": tpr, "falsePositiveRate": fpr})

    def log_roc_curve(self, fpr: list[float], tpr: list[float], threshold: list[float]) -> None:
        """Add all points of a curve."""
        if not len(fpr) == len(tpr) == len(threshold):
            raise ValueError("Length of fpr, tpr and threshold must be the same.")
        for one in zip(fpr, tpr, threshold):
            self.log_roc_data_point(*(999 if value == float("inf") else value for value in one))

    def set_confusion_matrix_categories(self, categories: list[str]) -> None:
        """Begin a matrix of zeros."""
        self._categories = list(categories)
        self._matrix = [{"row": [0] * len(categories)} for _ in categories]
        self._keep()

    def log_confusion_matrix_row(self, row_category: str, row: list[int]) -> None:
        """Fill a row."""
        if len(row) != len(self._categories):
            raise ValueError(f"Invalid row. Expected size: {len(self._categories)} got: {len(row)}")
        self._matrix[self._categories.index(row_category)] = {"row": list(row)}
        self._keep()

    def log_confusion_matrix_cell(self, row_category: str, col_category: str, value: int) -> None:
        """Fill a cell."""
        row = self._matrix[self._categories.index(row_category)]["row"]
        row[self._categories.index(col_category)] = value
        self._keep()

    def log_confusion_matrix(self, categories: list[str], matrix: list[list[int]]) -> None:
        """Keep a whole matrix."""
        self.set_confusion_matrix_categories(categories)
        for category, row in zip(categories, matrix):
            self.log_confusion_matrix_row(category, row)

    def _keep(self) -> None:
        specs = [{"displayName": name} for name in self._categories]
        self.metadata["confusionMatrix"] = {"annotationSpecs": specs, "rows": self._matrix}


SlicedClassificationMetrics = _artifact("system.SlicedClassificationMetrics", ClassificationMetrics)


class Marker:
    """What `Input[X]` and `Output[X]` say beside the type: which of the two."""

    def __init__(self, side: str, type: Any) -> None:
        self.side = side
        self.type = type


class _Side:
    def __init__(self, side: str) -> None:
        self._side = side

    def __getitem__(self, item: Any) -> Marker:
        return Marker(self._side, item)


Input, Output = _Side("input"), _Side("output")


class OutputPath:
    """A parameter or artifact that the code writes to the path that it is given."""

    def __init__(self, type: Any = None) -> None:
        self.type = type


class InputPath(OutputPath):
    """An artifact that the code reads from the path that it is given."""


class PipelineTaskFinalStatus:
    """How the tasks before an exit task ended."""

    def __init__(
        self,
        state: str,
        pipeline_job_resource_name: str,
        pipeline_task_name: str,
        error_code: Optional[int] = None,
        error_message: Optional[str] = None,
    ) -> None:
        self.state = state
        self.pipeline_job_resource_name = pipeline_job_resource_name
        self.pipeline_task_name = pipeline_task_name
        self.error_code = error_code
        self.error_message = error_message


def component(func: Any = None, **_: Any) -> Any:
    """The function itself: inside of a component it is plain code."""
    return func if func is not None else component


def get_uri(suffix: str = "Output") -> str:
    """A place for an artifact whose path the component chooses itself."""
    return os.path.join(os.environ.get("JUPYTER_MLOPS_KFP_OUTPUTS", os.getcwd()), suffix)


python_component = container_component = pipeline = component
_NAMES = (
    "Artifact Dataset HTML Markdown Model Metrics ClassificationMetrics SlicedClassificationMetrics Input Output "
    "InputPath OutputPath PipelineTaskFinalStatus component container_component pipeline get_uri"
).split()


def provide() -> bool:
    """Have `import kfp` find this module, where there is no kfp; whether it does."""
    if "kfp" in sys.modules or importlib.util.find_spec("kfp") is not None:
        return False
    package, here = types.ModuleType("kfp"), sys.modules[__name__]
    module = types.ModuleType("kfp.dsl")
    for name in _NAMES:
        setattr(module, name, getattr(here, name))
    module.__all__ = list(_NAMES)  # type: ignore[attr-defined]
    package.dsl = module  # type: ignore[attr-defined]
    package.__path__ = []
    sys.modules["kfp"], sys.modules["kfp.dsl"] = package, module
    return True

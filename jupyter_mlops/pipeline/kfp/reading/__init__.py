"""Pipelines compiled for Kubeflow Pipelines (IR, as YAML or JSON), read into this software's own model."""

from jupyter_mlops.pipeline.kfp.reading.document import is_ir, read_document
from jupyter_mlops.pipeline.kfp.reading.reader import read_ir, to_pipeline

__all__ = ["is_ir", "read_document", "read_ir", "to_pipeline"]

"""Pipelines as the IR of Kubeflow Pipelines v2, without its SDK."""

from __future__ import annotations

from jupyter_mlops.pipeline.kfp.carried import ConfigMap, read_files
from jupyter_mlops.pipeline.kfp.compiler import Compiled, compile_pipeline
from jupyter_mlops.pipeline.kfp.semantics import problems

__all__ = ["Compiled", "ConfigMap", "compile_pipeline", "problems", "read_files"]

"""A pipeline as the graph of an Argo Workflow: tasks, what each waits for, who decides about conditions and loops."""

from jupyter_mlops.pipeline.argo.graph import Graph, Node, graph_of
from jupyter_mlops.pipeline.argo.refusals import refuse_unsayable

__all__ = ["Graph", "Node", "graph_of", "refuse_unsayable"]

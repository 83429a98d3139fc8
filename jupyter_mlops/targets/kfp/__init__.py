"""Runs that Kubeflow Pipelines drives: submitted by its REST interface, followed by asking, brought home as events."""

"""Runs that the controller of Argo Workflows drives: each attempt a pod of a Workflow, all of one run on one volume."""

"""Runs on a Kubernetes with nothing installed in it: each attempt a Job, driven from a pod or from here."""

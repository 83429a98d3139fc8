"""Recurring runs: when they are due, and the objects that start them in a cluster."""

"""Diagnostics as rules: one function a rule, registered with its code."""

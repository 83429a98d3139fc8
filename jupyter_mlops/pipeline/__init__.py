"""A pipeline as data: the model, the Python API, and the expressions of conditions and loops."""

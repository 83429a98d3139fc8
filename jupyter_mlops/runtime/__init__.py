"""What runs inside a step, rank, trial or server process, here or in a pod.

Standard library and cloudpickle only, Python >= 3.9; IPython is used when the
environment has it. Nothing in here imports another part of the project.
"""

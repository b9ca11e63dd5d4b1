"""Training steps as one writes them by hand in NumPy: the mark for the steps that catgrad writes.

Each takes the parameters, a batch and its targets, and returns the new parameters in a list.
"""

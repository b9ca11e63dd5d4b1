"""Array modules that a compiled class can be asked to run on."""

from catgrad.target.python.array_backend.numpy import Numpy

__all__ = ["Numpy"]

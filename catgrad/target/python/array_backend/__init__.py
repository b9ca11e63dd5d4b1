"""Array modules that a compiled class can be asked to run on."""

from catgrad.target.python.array_backend.numpy import Numpy
from catgrad.target.python.array_backend.torch import Torch
from catgrad.target.python.array_backend.type import ArrayBackend

__all__ = ["ArrayBackend", "Numpy", "Torch"]

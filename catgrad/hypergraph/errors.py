"""Errors about the shape of a program: its types and its order."""

from catgrad.errors import CatgradError


class ArrowTypeError(CatgradError):
    """Two programs, or a program and its type, do not fit together."""


class WireError(CatgradError):
    """A wire is written twice, or read although nothing writes it."""


class CycleError(CatgradError):
    """Operations wait for each other in a circle, so that no order can run them."""

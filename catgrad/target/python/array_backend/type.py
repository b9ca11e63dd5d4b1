"""What an array module has to offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from catgrad.core.types import Dtype, Fixed


class ArrayBackend(Protocol):
    """An array module around generated source, which is NumPy in any case."""

    @staticmethod
    def dtype(d: Dtype | Fixed) -> Any:
        """What the module calls the dtype `d`."""

    @staticmethod
    def lift(function: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        """A generated function, with arrays of the module for those of NumPy."""

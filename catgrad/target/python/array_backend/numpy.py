"""NumPy, the array module of generated source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from catgrad.core.types import Dtype, Fixed


class Numpy:
    """The array module of all generated source: ``Model(Numpy)`` is ``Model()``."""

    @staticmethod
    def dtype(d: Dtype | Fixed) -> type[np.generic]:
        """The NumPy type of the numbers of dtype `d`; mantissas are int64.

        >>> Numpy.dtype(Dtype.float32), Numpy.dtype(Fixed(16, 12))
        (<class 'numpy.float32'>, <class 'numpy.int64'>)
        """
        return np.int64 if isinstance(d, Fixed) else np.dtype(d.name).type

    @staticmethod
    def lift(function: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        """A generated function as one on arrays of this module: itself."""
        return function

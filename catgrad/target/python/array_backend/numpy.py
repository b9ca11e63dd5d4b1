"""NumPy, the array module of generated source."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from catgrad.core.types import Dtype, Fixed


class Numpy:
    """The array module of all generated source: ``Model(Numpy)`` is ``Model()``."""

    @staticmethod
    def dtype(d: Dtype | Fixed) -> DTypeLike:
        """The NumPy dtype of arrays of dtype `d`; mantissas are int64.

        >>> Numpy.dtype(Dtype.float32), Numpy.dtype(Fixed(16, 12))
        (dtype('float32'), dtype('int64'))
        """
        return np.dtype(np.int64 if isinstance(d, Fixed) else d.name)

"""PyTorch tensors around generated source."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from catgrad.core.types import Dtype, Fixed
from catgrad.target.python.array_backend.numpy import Numpy
from catgrad.target.python.checks import ArgumentError


class Torch:
    """Tensors in, tensors out: ``Model(Torch)`` has the methods of ``Model()``, on tensors.

    The arithmetic is that of the NumPy source. Tensors and arrays share their memory, so nothing
    is copied on the way in or out, and tensors have to be on the CPU. Arrays are taken as well.
    PyTorch is imported when the first tensor is made, not before.
    """

    @staticmethod
    def dtype(d: Dtype | Fixed) -> Any:
        """The torch dtype of tensors of dtype `d`; mantissas are int64."""
        import torch

        return torch.from_numpy(np.empty(0, Numpy.dtype(d))).dtype

    @staticmethod
    def lift(function: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        """A generated function, on tensors."""

        @wraps(function)
        def lifted(*arguments: Any, **named: Any) -> list[Any]:
            results = function(
                *(_array(f"{function.__name__}: argument {i}", x) for i, x in enumerate(arguments)),
                **{
                    name: _array(f"{function.__name__}: argument {name}", x)
                    for name, x in named.items()
                },
            )
            return [_tensor(x) for x in results]

        return lifted


def _array(place: str, x: Any) -> Any:
    """The array that shares the memory of a tensor; what is no tensor stays as it is."""
    if not hasattr(x, "requires_grad"):
        return x
    if x.device.type != "cpu":
        raise ArgumentError(
            f"{place} is on the device {x.device}, but generated source runs on the CPU; "
            f"pass x.cpu()."
        )
    if x.requires_grad:
        raise ArgumentError(
            f"{place} requires a gradient of PyTorch, which does not see generated source; pass "
            f"x.detach()."
        )
    return x.numpy()


def _tensor(x: Any) -> Any:
    """The tensor that shares the memory of an array, where PyTorch can have it so."""
    import torch

    shares = x.flags.writeable and min(x.strides, default=0) >= 0
    return torch.from_numpy(x if shares else np.array(x))

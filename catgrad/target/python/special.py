"""Operations that are Python functions, for what has no program of its own yet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catgrad.core.types import NdArrayType, obj
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.hypergraph.text import plural
from catgrad.target.python.checks import ArgumentError, as_type


class PythonOp(ABC):
    """An operation that runs any Python code, in generated NumPy classes only.

    It belongs to this process: a class that calls it has no source to save. As any operation it
    is run where an output needs it, and once for equal operations on the same inputs.
    Give it a reverse map, to learn through it, by deriving from an optic as well.
    """

    @abstractmethod
    def source(self) -> Labels: ...

    @abstractmethod
    def target(self) -> Labels: ...

    def symbol(self) -> str:
        """What generated source calls it."""
        return type(self).__name__

    @abstractmethod
    def __call__(self, *arrays: Any) -> Sequence[Any]:
        """The outputs, a list of arrays. The inputs are arrays that must not be changed."""


@dataclass(frozen=True)
class IdentityPythonOp(PythonOp):
    """``T → T``, the same array: an example."""

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def __call__(self, *arrays: Any) -> Sequence[Any]:
        return list(arrays)


def python_ops(programs: Iterable[OpenHypergraph]) -> list[PythonOp]:
    """The distinct Python operations of some programs."""
    labels = (label for f in programs for label in f.H.x.distinct()[0])
    return [label for label in dict.fromkeys(labels) if isinstance(label, PythonOp)]


def callback(operation: PythonOp) -> Callable[..., Any]:
    """What generated source calls for an operation: its outputs checked and copied.

    One output comes as it is, any other number of them as a tuple.
    """
    name, types = operation.symbol(), list(operation.target())

    def call(*arrays: Any) -> Any:
        results = operation(*arrays)
        if not isinstance(results, list | tuple) or len(results) != len(types):
            several = isinstance(results, list | tuple)
            found = f"{len(results)}" if several else f"one {type(results).__name__}"
            raise ArgumentError(
                f"{name} has {plural(len(types), 'output')}, but its function returned {found}; "
                f"return a list with an array for each."
            )
        checked = [
            as_type(f"{name}: output {i}", T, x).copy()  # the source may write to it
            for i, (T, x) in enumerate(zip(types, results, strict=True))
        ]
        return checked[0] if len(checked) == 1 else tuple(checked)

    return call

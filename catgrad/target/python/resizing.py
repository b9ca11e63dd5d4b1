"""Programs number by number, on arrays of another size."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from catgrad.core.types import NdArrayType, op
from catgrad.hypergraph import Functor, OpenHypergraph
from catgrad.special.definition import Named


class Resized(Functor):
    """Operations number by number on arrays of `size` numbers along one axis."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._labels: dict[Hashable, Any] = {}

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [self._type(label)]

    def map_operation(self, label: Any) -> OpenHypergraph:
        return op(self.label(label))

    def _type(self, T: NdArrayType) -> NdArrayType:
        return NdArrayType((self._size,), T.dtype) if T.shape else T

    def label(self, label: Any) -> Any:
        """The same operation on arrays of the other size."""
        if label not in self._labels:
            self._labels[label] = self._resize(label)
        return self._labels[label]

    def _resize(self, label: Any) -> Any:
        if isinstance(label, Named):
            return replace(label, program=self(label.program))
        assert is_dataclass(label)
        values = {f.name: getattr(label, f.name) for f in fields(label)}
        types = {
            name: self._type(value)
            for name, value in values.items()
            if isinstance(value, NdArrayType)
        }
        return replace(label, **types)  # type: ignore[type-var]

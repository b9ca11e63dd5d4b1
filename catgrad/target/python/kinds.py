"""Kinds of operations, told by their types alone."""

from __future__ import annotations

from types import UnionType


class Kind(dict[type, bool]):
    """The operations of some types; ``isinstance``, asked once for each type.

    A program has many operations of few types, and abstract classes take their time to answer.

    >>> number = Kind(int | float)
    >>> number.has(1), number.has("one")
    (True, False)
    """

    def __init__(self, types: type | UnionType) -> None:
        super().__init__()
        self._types = types

    def __missing__(self, kind: type) -> bool:
        self[kind] = issubclass(kind, self._types)
        return self[kind]

    def has(self, operation: object) -> bool:
        """Whether an operation is of this kind."""
        return self[type(operation)]

"""Labels: what wires carry and what operations do, as numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, overload

import numpy

from catgrad.errors import CatgradError
from catgrad.hypergraph.array import Array, Namespace, check, equal, host, integers, move, namespace
from catgrad.hypergraph.text import some

# One table for the whole process, so that equal labels have equal numbers in every program and
# comparing types is comparing integers. It only grows; labels are small and shared.
_labels: list[Hashable] = []
_numbers: dict[Hashable, int] = {}
_lock = Lock()


def _intern(label: Hashable) -> int:
    try:
        number = _numbers.get(label)
    except TypeError:
        raise CatgradError(
            f"{type(label).__name__} cannot be the label of a wire or an operation, since it has "
            f"no hash; declare its class with @dataclass(frozen=True)."
        ) from None
    if number is None:
        with _lock:
            number = _numbers.setdefault(label, len(_labels))
            if number == len(_labels):
                _labels.append(label)
    return number


@dataclass(frozen=True, eq=False)
class Labels:
    """A list of labels, any hashable Python objects: a function from n into all labels.

    When the labels are types this is an object of the category, the type of a bundle of wires.
    Picture an array of small integers, each the number of a label in a table of the process.
    Labels that compare equal are one label, as 1, 1.0 and True do, or 0.0 and -0.0.

    - ``ids``: int64[n]

    >>> A = Labels.of(["x", "y"])
    >>> print(A + A, len(A), A[1])
    [x, y, x, y] 2 y
    """

    ids: Array

    def __post_init__(self) -> None:
        check(self.ids, "The numbers of labels")

    @classmethod
    def of(cls, labels: Iterable[Hashable], xp: Namespace = numpy) -> Labels:
        """These labels, in this order."""
        return cls(integers(map(_intern, labels), xp))

    @classmethod
    def concatenate(cls, parts: Sequence[Labels], xp: Namespace = numpy) -> Labels:
        """All parts one after another; ``xp`` is only used for the empty list."""
        return cls(parts[0].xp.concat([part.ids for part in parts])) if parts else cls.of([], xp)

    @property
    def xp(self) -> Namespace:
        """The array module of the numbers."""
        return namespace(self.ids)

    def __len__(self) -> int:
        return int(self.ids.shape[0])

    def __iter__(self) -> Iterator[Any]:
        return (_labels[i] for i in host(self.ids).tolist())

    @overload
    def __getitem__(self, i: int) -> Any: ...
    @overload
    def __getitem__(self, i: slice) -> Labels: ...
    def __getitem__(self, i: int | slice) -> Any:
        """The label at position ``i``, or the labels of a slice."""
        return Labels(self.ids[i]) if isinstance(i, slice) else _labels[int(self.ids[i])]

    def __call__(self, i: int) -> Any:
        """The label at position ``i``."""
        return self[i]

    def __add__(self, other: Labels) -> Labels:
        return Labels.concatenate([self, other])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Labels):
            return NotImplemented
        return equal(self.ids, other.ids)

    def __hash__(self) -> int:
        return hash(host(self.ids).tobytes())

    def __str__(self) -> str:
        return f"[{', '.join(some(len(self), self))}]"

    def __repr__(self) -> str:
        return f"Labels({self})"

    def take(self, index: Array) -> Labels:
        """The labels at the positions of ``index``: int64[m] with entries in [0, n)."""
        return Labels(self.xp.take(self.ids, index))

    def distinct(self) -> tuple[Labels, Array]:
        """The distinct labels, and which of them stands at each position, int64[n]."""
        values, inverse = self.xp.unique_inverse(self.ids)
        return Labels(values), inverse

    def to(self, xp: Namespace) -> Labels:
        """The same labels with their numbers in the array module ``xp``."""
        return Labels(move(self.ids, xp))

    # Numbers mean nothing in another process, so the labels themselves are pickled.

    def __getstate__(self) -> tuple[tuple[Hashable, ...], Array]:
        labels, inverse = self.distinct()
        return tuple(labels), inverse

    def __setstate__(self, state: tuple[tuple[Hashable, ...], Array]) -> None:
        labels, inverse = state
        ids = Labels.of(labels, namespace(inverse)).take(inverse).ids
        object.__setattr__(self, "ids", ids)

"""Segmented arrays: lists of lists, flat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar, overload

from catgrad.errors import CatgradError
from catgrad.hypergraph.array import (
    Array,
    Namespace,
    arange,
    check,
    equal,
    host,
    integers,
    move,
    offsets,
    ranges,
    total,
)
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.labels import Labels

V = TypeVar("V", FiniteFunction, Labels)
U = TypeVar("U", FiniteFunction, Labels)


@dataclass(frozen=True, eq=False)
class SegmentedArray(Generic[V]):
    """A finite coproduct of finite functions: ``f_i : sizes[i] -> B`` for each i below n.

    Picture a list of n arrays laid end to end.

    - ``sizes``: int64[n], the length of each segment
    - ``values``: all segments concatenated, a ``FiniteFunction`` or ``Labels``

    >>> words = SegmentedArray.from_labels([Labels.of("cat"), Labels.of("")])
    >>> print(words[0], words[1], words.offsets)
    [c, a, t] [] [0 3 3]
    """

    sizes: Array
    values: V

    def __post_init__(self) -> None:
        check(self.sizes, "The sizes of segments")
        if (n := total(self.sizes)) != len(self.values):
            raise CatgradError(
                f"Segments of {n} elements in all cannot hold {len(self.values)} values; "
                "let the sizes add up to the number of values."
            )

    @staticmethod
    def from_labels(segments: Sequence[Labels]) -> SegmentedArray[Labels]:
        """A list of one segment or more."""
        sizes = integers(map(len, segments), segments[0].xp)
        return SegmentedArray(sizes, Labels.concatenate(segments))

    @staticmethod
    def tensor_list(
        parts: Sequence[SegmentedArray[FiniteFunction]],
    ) -> SegmentedArray[FiniteFunction]:
        """``s0 @ s1 @ ...`` of one part or more, concatenated at once."""
        sizes = parts[0].xp.concat([part.sizes for part in parts])
        return SegmentedArray(sizes, FiniteFunction.tensor_list([part.values for part in parts]))

    @cached_property
    def offsets(self) -> Array:
        """int64[n + 1]: segment i is ``values[offsets[i]] ... values[offsets[i + 1] - 1]``."""
        return offsets(self.sizes)

    @property
    def owners(self) -> Array:
        """The segment that each value belongs to."""
        return self.xp.repeat(arange(0, len(self), self.xp), self.sizes)

    @property
    def xp(self) -> Namespace:
        """The array module of the sizes."""
        return self.values.xp

    def __len__(self) -> int:
        return int(self.sizes.shape[0])

    def __getitem__(self, i: int) -> V:
        """Segment ``i``."""
        i = range(len(self))[i]
        return self.values.take(arange(int(self.offsets[i]), int(self.offsets[i + 1]), self.xp))

    def part(self, start: int, stop: int) -> SegmentedArray[V]:
        """Segments ``start`` to ``stop - 1``, over the same set of values."""
        values = self.values[int(self.offsets[start]) : int(self.offsets[stop])]
        return SegmentedArray(self.sizes[start:stop], values)

    def __iter__(self) -> Iterator[V]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SegmentedArray):
            return NotImplemented
        return equal(self.sizes, other.sizes) and bool(self.values == other.values)

    def __hash__(self) -> int:
        return hash((host(self.sizes).tobytes(), self.values))

    def __add__(self, other: SegmentedArray[V]) -> SegmentedArray[V]:
        """The segments of both, over one set of values."""
        sizes = self.xp.concat([self.sizes, other.sizes])
        return SegmentedArray(sizes, self.values + other.values)

    def __matmul__(
        self: SegmentedArray[FiniteFunction], other: SegmentedArray[FiniteFunction]
    ) -> SegmentedArray[FiniteFunction]:
        """The segments of both, with the values of ``other`` after those of ``self``."""
        return SegmentedArray.tensor_list([self, other])

    @overload
    def map_values(
        self: SegmentedArray[FiniteFunction], g: FiniteFunction
    ) -> SegmentedArray[FiniteFunction]: ...
    @overload
    def map_values(self: SegmentedArray[FiniteFunction], g: Labels) -> SegmentedArray[Labels]: ...
    def map_values(
        self: SegmentedArray[FiniteFunction], g: FiniteFunction | Labels
    ) -> SegmentedArray[FiniteFunction] | SegmentedArray[Labels]:
        """``f_i >> g`` for each segment."""
        if isinstance(g, Labels):
            return SegmentedArray(self.sizes, self.values >> g)
        return SegmentedArray(self.sizes, self.values >> g)

    def injections(self, f: FiniteFunction) -> FiniteFunction:
        """Where the elements of segments ``f(0), f(1), ...`` lie among all values.

        >>> words = SegmentedArray.from_labels([Labels.of("cat"), Labels.of("egg")])
        >>> print(words.injections(FiniteFunction.of([1, 0], 2)))
        [3, 4, 5, 0, 1, 2] : 6 -> 6
        """
        starts = self.xp.take(self.offsets, f.table)
        sizes = self.xp.take(self.sizes, f.table)
        return FiniteFunction(ranges(starts, sizes), len(self.values))

    def map_indexes(self, f: FiniteFunction) -> SegmentedArray[V]:
        """Segment ``f(0)``, segment ``f(1)``, and so on.

        >>> words = SegmentedArray.from_labels([Labels.of("cat"), Labels.of("egg")])
        >>> print(words.map_indexes(FiniteFunction.of([1, 0, 0], 2)).values)
        [e, g, g, c, a, t, c, a, t]
        """
        values = self.values.take(self.injections(f).table)
        return SegmentedArray(self.xp.take(self.sizes, f.table), values)

    def join(self, other: SegmentedArray[V]) -> SegmentedArray[V]:
        """Segment i of ``self`` followed by segment i of ``other``, over one set of values.

        >>> words = SegmentedArray.from_labels([Labels.of("cat"), Labels.of("egg")])
        >>> print(words.join(words).values)
        [c, a, t, c, a, t, e, g, g, e, g, g]
        """
        n = len(self)
        alternate = FiniteFunction.transpose(2, n, self.xp).inverse()
        return SegmentedArray(
            self.sizes + other.sizes, (self + other).map_indexes(alternate).values
        )

    def expand(
        self: SegmentedArray[FiniteFunction], blocks: SegmentedArray[U]
    ) -> SegmentedArray[FiniteFunction]:
        """Replace each value ``b`` by the positions of block ``b`` among the values of ``blocks``.

        With ``blocks : B -> C*``, a segment ``n -> B`` becomes the concatenation of its n blocks.
        """
        ends = offsets(self.xp.take(blocks.sizes, self.values.table))
        sizes = self.xp.take(ends, self.offsets[1:]) - self.xp.take(ends, self.offsets[:-1])
        return SegmentedArray(sizes, blocks.injections(self.values))

    def to(self, xp: Namespace) -> SegmentedArray[V]:
        """The same segments with their arrays in the array module ``xp``."""
        return SegmentedArray(move(self.sizes, xp), self.values.to(xp))

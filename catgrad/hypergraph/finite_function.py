"""Finite functions: the arrays that everything else is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy

from catgrad.errors import CatgradError
from catgrad.hypergraph.array import (
    Array,
    Namespace,
    arange,
    check,
    count,
    equal,
    first,
    host,
    integers,
    move,
    namespace,
    offsets,
    put,
    put_minimum,
    within,
)
from catgrad.hypergraph.components import least_members, quotient, roots
from catgrad.hypergraph.text import some

if TYPE_CHECKING:
    from catgrad.hypergraph.labels import Labels


@dataclass(frozen=True, eq=False)
class FiniteFunction:
    """A total function ``f : source -> target`` between the finite sets {0 .. n - 1}.

    Picture an array of ``source`` integers below ``target``. Functions compose with ``>>``
    (diagram order), stand side by side with ``@``, and share a target with ``+``.

    - ``table``: int64[source], the value at each point
    - ``target``: the number of elements of the codomain

    >>> f = FiniteFunction.of([0, 2, 2], 3)
    >>> print(f >> FiniteFunction.constant(4, 3, 5))
    [4, 4, 4] : 3 -> 5
    """

    table: Array
    target: int

    def __post_init__(self) -> None:
        check(self.table, "The table of a finite function")
        if not within(self.table, self.target):
            i = first((self.table < 0) | (self.table >= self.target))
            raise CatgradError(
                f"A function into {self.target} elements cannot take the value "
                f"{int(self.table[i])} at position {i}; use values from 0 to {self.target - 1}."
            )

    @property
    def source(self) -> int:
        """The number of elements of the domain."""
        return int(self.table.shape[0])

    @property
    def xp(self) -> Namespace:
        """The array module of the table."""
        return namespace(self.table)

    def __len__(self) -> int:
        return self.source

    def __call__(self, i: int) -> int:
        return int(self.table[i])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FiniteFunction):
            return NotImplemented
        return self.target == other.target and equal(self.table, other.table)

    def __hash__(self) -> int:
        return hash((self.target, host(self.table).tobytes()))

    def __str__(self) -> str:
        return f"[{', '.join(some(self.source, self))}] : {self.source} -> {self.target}"

    def __repr__(self) -> str:
        return f"FiniteFunction({self})"

    # Constructors

    @classmethod
    def of(cls, values: Iterable[int], target: int, xp: Namespace = numpy) -> FiniteFunction:
        """The function with these values."""
        return cls(integers(values, xp), target)

    @classmethod
    def identity(cls, n: int, xp: Namespace = numpy) -> FiniteFunction:
        """``n -> n``."""
        return cls(arange(0, n, xp), n)

    @classmethod
    def initial(cls, b: int, xp: Namespace = numpy) -> FiniteFunction:
        """The only function ``0 -> b``."""
        return cls(arange(0, 0, xp), b)

    @classmethod
    def terminal(cls, a: int, xp: Namespace = numpy) -> FiniteFunction:
        """The only function ``a -> 1``."""
        return cls.constant(0, a, 1, xp)

    @classmethod
    def constant(cls, x: int, a: int, b: int, xp: Namespace = numpy) -> FiniteFunction:
        """``a -> b``, everywhere ``x``."""
        return cls(xp.full((a,), x, dtype=xp.int64), b)

    @classmethod
    def inj0(cls, a: int, b: int, xp: Namespace = numpy) -> FiniteFunction:
        """The left injection ``a -> a + b``."""
        return cls(arange(0, a, xp), a + b)

    @classmethod
    def inj1(cls, a: int, b: int, xp: Namespace = numpy) -> FiniteFunction:
        """The right injection ``b -> a + b``."""
        return cls(arange(a, a + b, xp), a + b)

    @classmethod
    def twist(cls, a: int, b: int, xp: Namespace = numpy) -> FiniteFunction:
        """The symmetry ``a + b -> b + a``: where each element goes.

        >>> print(FiniteFunction.twist(2, 3))
        [3, 4, 0, 1, 2] : 5 -> 5
        """
        return cls(xp.concat([arange(b, a + b, xp), arange(0, b, xp)]), a + b)

    @classmethod
    def transpose(cls, a: int, b: int, xp: Namespace = numpy) -> FiniteFunction:
        """Where each element of an ``a`` by ``b`` matrix (rows first) goes in its transpose.

        >>> print(FiniteFunction.transpose(2, 3))
        [0, 2, 4, 1, 3, 5] : 6 -> 6
        """
        return cls(xp.reshape(xp.reshape(arange(0, a * b, xp), (b, a)).T, (-1,)), a * b)

    @classmethod
    def tensor_list(
        cls, functions: Sequence[FiniteFunction], xp: Namespace = numpy
    ) -> FiniteFunction:
        """``f0 @ f1 @ ...``, concatenated at once; ``xp`` is only used for the empty list."""
        if not functions:
            return cls.initial(0, xp)
        xp = functions[0].xp
        begins = offsets(integers((f.target for f in functions), xp))
        table = xp.concat([f.table for f in functions])
        table += xp.repeat(begins[:-1], integers(map(len, functions), xp))
        return cls(table, int(begins[-1]))

    # Algebra

    @overload
    def __rshift__(self, g: FiniteFunction) -> FiniteFunction: ...
    @overload
    def __rshift__(self, g: Labels) -> Labels: ...
    def __rshift__(self, g: FiniteFunction | Labels) -> FiniteFunction | Labels:
        """First this function, then ``g``."""
        if self.target != len(g):
            raise CatgradError(
                f"Cannot compose functions: the first goes to {self.target} elements but the "
                f"second starts from {len(g)}; make the two numbers equal."
            )
        return g.take(self.table)

    def __iter__(self) -> Iterator[int]:
        return iter(host(self.table).tolist())

    def __getitem__(self, part: slice) -> FiniteFunction:
        """The function on a range of points."""
        return FiniteFunction(self.table[part], self.target)

    def take(self, index: Array) -> FiniteFunction:
        """The values at the points of ``index``: int64[n] with entries in [0, source)."""
        return FiniteFunction(self.xp.take(self.table, index), self.target)

    def __add__(self, g: FiniteFunction) -> FiniteFunction:
        """The coproduct ``a0 + a1 -> b`` of ``a0 -> b`` and ``a1 -> b``."""
        if self.target != g.target:
            raise CatgradError(
                f"Cannot join functions with {self.target} and {g.target} target elements; "
                "make the two numbers equal, or place them side by side with @."
            )
        return FiniteFunction(self.xp.concat([self.table, g.table]), self.target)

    def __matmul__(self, g: FiniteFunction) -> FiniteFunction:
        """The tensor ``a0 + a1 -> b0 + b1``."""
        return FiniteFunction.tensor_list([self, g])

    def inject0(self, b: int) -> FiniteFunction:
        """``f >> inj0(target, b)``."""
        return FiniteFunction(self.table, self.target + b)

    def inject1(self, a: int) -> FiniteFunction:
        """``f >> inj1(a, target)``."""
        return FiniteFunction(self.table + a, self.target + a)

    def is_injective(self) -> bool:
        """Whether no two points have the same value."""
        return not bool(self.xp.any(count(self.table, self.target) > 1))

    def inverse(self) -> FiniteFunction:
        """The inverse of a permutation."""
        if self.source != self.target or not self.is_injective():
            raise CatgradError(f"Cannot invert {self}; only a permutation has an inverse.")
        points = arange(0, self.source, self.xp)
        return FiniteFunction(put(points, self.table, points), self.source)

    # Coequalizers

    def coequalizer(self, g: FiniteFunction) -> FiniteFunction:
        """The universal ``q : b -> c`` with ``f >> q == g >> q``, for ``f, g : a -> b``.

        ``q`` numbers the connected components of the graph with edges ``f(i) - g(i)``, in the
        order of their least members. O(log b) rounds of array operations.

        >>> f, g = FiniteFunction.of([0, 3], 5), FiniteFunction.of([4, 1], 5)
        >>> print(f.coequalizer(g))
        [0, 1, 2, 1, 0] : 5 -> 3
        """
        return coequalizer(self, g)[0]

    @overload
    def universal(self, f: FiniteFunction) -> FiniteFunction: ...
    @overload
    def universal(self, f: Labels) -> Labels: ...
    def universal(self, f: FiniteFunction | Labels) -> FiniteFunction | Labels:
        """The only ``u`` with ``self >> u == f``, for a quotient map and an ``f`` that respects it.

        Raises ``CatgradError`` when this function is not onto, or ``f`` tells apart two points that
        it does not.
        """
        xp = self.xp
        unseen = xp.full((self.target,), self.source, dtype=xp.int64)
        member = put_minimum(unseen, self.table, arange(0, self.source, xp))
        if xp.any(member == self.source):
            raise CatgradError(
                f"Cannot factor a function through {self}, which is not onto; only a quotient map "
                "has that property."
            )
        u = f.take(member)
        if self >> u != f:
            raise CatgradError(
                f"Cannot factor {f} through {self}; give equal values to the points that it joins."
            )
        return u

    def to(self, xp: Namespace) -> FiniteFunction:
        """The same function with its table in the array module ``xp``."""
        return FiniteFunction(move(self.table, xp), self.target)


def coequalizer(f: FiniteFunction, g: FiniteFunction) -> tuple[FiniteFunction, Array]:
    """``f.coequalizer(g)`` and the least member of each class, int64[c]."""
    if (f.source, f.target) != (g.source, g.target):
        raise CatgradError(
            f"Cannot coequalize functions {f.source} -> {f.target} and {g.source} -> {g.target}; "
            "give both the same source and the same target."
        )
    xp, points = f.xp, arange(0, f.target, f.xp)
    if g.is_injective() and not xp.any(f.table > g.table):
        # Each point is joined to one that is not above it at most, which is half the work.
        least = roots(put(points, g.table, f.table))
    else:
        least = least_members(f.table, g.table, f.target)
    number, members = quotient(least)
    return FiniteFunction(number, int(members.shape[0])), members

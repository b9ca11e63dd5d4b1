"""Indices of an index space, and the affine expressions that arrays are read and written at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catgrad.kernel.kernel import KernelError
from catgrad.kernel.refusals import Refusing


@dataclass(frozen=True, repr=False)
class Affine(Refusing):
    """``constant + coefficient * index + ...``, such as ``2 * t + k - 1``.

    - ``terms``: pairs of an index and its coefficient, which is not 0; each index once

    >>> t, k = Affine.index("t"), Affine.index("k")
    >>> str(2 * (t + 1) - k)
    '2 * t - k + 2'
    """

    constant: int
    terms: tuple[tuple[str, int], ...] = ()

    @classmethod
    def index(cls, name: str) -> Affine:
        """One index by itself."""
        return cls(0, ((name, 1),))

    @property
    def indices(self) -> tuple[str, ...]:
        """The indices that it depends on."""
        return tuple(name for name, _ in self.terms)

    def coefficient(self, name: str) -> int:
        """How far one step of an index goes."""
        return dict(self.terms).get(name, 0)

    def bounds(self, extents: Mapping[str, int]) -> tuple[int, int]:
        """The least and the greatest value; where an extent is 0, what these would tend to."""
        ends = [(step, step * (extents[name] - 1)) for name, step in self.terms]
        low = self.constant + sum(end for step, end in ends if step < 0)
        return low, self.constant + sum(end for step, end in ends if step > 0)

    def __add__(self, other: Affine | int) -> Affine:
        other = affine(other, f"add {other!r} to the index {self}")
        total = dict(self.terms)
        for name, coefficient in other.terms:
            total[name] = total.get(name, 0) + coefficient
        terms = tuple((name, coefficient) for name, coefficient in total.items() if coefficient)
        return Affine(self.constant + other.constant, terms)

    def __mul__(self, factor: int) -> Affine:
        if not isinstance(factor, int):
            affine(None, f"multiply the index {self} by {factor}")
        if factor == 0:
            return Affine(0)
        terms = tuple((name, factor * coefficient) for name, coefficient in self.terms)
        return Affine(factor * self.constant, terms)

    def __neg__(self) -> Affine:
        return self * -1

    def __sub__(self, other: Affine | int) -> Affine:
        return self + -affine(other, f"take {other!r} from the index {self}")

    def __rsub__(self, other: int) -> Affine:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def refusal(self, attempt: str) -> KernelError:
        index = self.indices[0] if self.indices else "i"
        return KernelError(
            f"The body of a kernel cannot use {attempt} on {self!r}; an index says where to read "
            f"and write, as in x[2 * {index} + 1]. To compute with it, read an array of numbers."
        )

    def __repr__(self) -> str:
        return f"the index {self}"

    def __str__(self) -> str:
        parts = [
            f"{'-' if c < 0 else '+'} {f'{abs(c)} * ' if abs(c) != 1 else ''}{name}"
            for name, c in self.terms
        ]
        if self.constant or not parts:
            parts.append(f"{'-' if self.constant < 0 else '+'} {abs(self.constant)}")
        first, *rest = parts
        return " ".join([first.removeprefix("+ ").replace("- ", "-"), *rest])


def affine(value: object, attempt: str) -> Affine:
    """A whole number or an index as an affine expression; `attempt` says what it is wanted for."""
    if isinstance(value, Affine):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Affine(value)
    raise KernelError(
        f"Cannot {attempt}; a place in an array is a sum of indices times whole numbers."
    )

"""Sums of products, as NumPy has them: matrix products, `np.tensordot` and `np.einsum`."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import NamedTuple

from catgrad.target.python.code import Code, call, infix


class Factor(NamedTuple):
    """An array, and which index of the nest runs along each of its axes."""

    code: Code
    indices: list[int]


def contraction(
    left: Factor, right: Factor, kept: list[int], summed: list[int], names: Sequence[str]
) -> Code | None:
    """The products of two factors, summed over some indices, the others left in this order.

    None where a factor lacks an index to sum over, or both lack one to keep.

    >>> x, w = Factor(Code("x"), [0, 2]), Factor(Code("w"), [2, 1])
    >>> contraction(x, w, [0, 1], [2], "ijk").text, contraction(w, x, [0, 1], [2], "ijk").text
    ('x @ w', 'x @ w')
    >>> contraction(x, w, [1, 0], [2], "ijk").text, contraction(x, x, [0], [2], "ijk").text
    ('w.T @ x.T', 'np.einsum("ik,ik->i", x, x)')
    """
    a, b = {*left.indices}, {*right.indices}
    if not {*summed} <= a & b or not {*kept} <= a | b:
        return None
    if a & b == {*summed}:
        for one, other in ((left, right), (right, left)):
            free = [i for i in (*one.indices, *other.indices) if i not in summed]
            if free == kept:
                return product(one, other, summed)
    letters = dict(enumerate(names))
    if any(len(name) > 1 or name not in ascii_lowercase for name in names):
        letters = dict(enumerate(ascii_lowercase))
    x, y, z = ("".join(letters[i] for i in axes) for axes in (left.indices, right.indices, kept))
    return call("np.einsum", f'"{x},{y}->{z}"', left.code, right.code)


def product(left: Factor, right: Factor, summed: list[int]) -> Code:
    """The product of two arrays that share the indices to sum over and no others."""
    a, rows = left
    b, columns = right
    if len(summed) == 1 and len(columns) <= 2:
        [index] = summed
        if rows[-1] == index or len(rows) == 2:
            a = a if rows[-1] == index else _turned(a)
            return infix("@", a, b if columns[0] == index else _turned(b))
    axes = tuple([indices.index(index) for index in summed] for indices in (rows, columns))
    return call("np.tensordot", a, b, f"axes={axes}")


def _turned(a: Code) -> Code:
    """A matrix transposed."""
    return Code(f"{a.text}.T")

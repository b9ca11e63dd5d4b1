"""Where a kernel reads and writes, as subscripts of NumPy.

In a kernel an array is a flat memory. Here it has its axes again: the place along each is affine in
the indices, so a nest that has one index along each axis is a slice, and runs at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from catgrad.core.types import Shape
from catgrad.kernel.kernel import Access, row_major


@dataclass(frozen=True)
class Along:
    """The place along one axis of `extent` elements: ``offset + step * index + ...``.

    - ``steps``: how far each index goes, where it goes at all
    """

    extent: int
    offset: int
    steps: dict[int, int]

    def is_within(self, extents: Shape) -> bool:
        """Whether all places are on the axis."""
        ends = [step * (extents[index] - 1) for index, step in self.steps.items()]
        low = self.offset + sum(min(0, end) for end in ends)
        return low >= 0 and self.offset + sum(max(0, end) for end in ends) < self.extent


@dataclass(frozen=True)
class Places:
    """An access along the axes of its array, or of that array made flat."""

    array: int
    axes: tuple[Along, ...]
    is_flat: bool = False

    def looped(self, extents: Shape) -> set[int]:
        """Indices that must be loops for the rest to be slices: all but one along each axis.

        The one is that which runs farthest; an index along two axes, a diagonal, is looped, too.
        """
        looped = set[int]()
        for along in self.axes:
            looped |= {*sorted(along.steps, key=lambda index: (extents[index], -index))[:-1]}
        seen = [index for along in self.axes for index in along.steps]
        return looped | {index for index in seen if seen.count(index) > 1}


def places(access: Access, shape: Shape, extents: Shape) -> Places:
    """An access to an array of some shape, over an index space that is not empty.

    Made flat the array serves an access that has no place along its axes, or fewer loops so: a
    diagonal, say.
    """
    steps = [0 if n == 1 else step for step, n in zip(access.strides, extents, strict=True)]
    along = Along(math.prod(shape), access.offset, _taken(steps))
    flat = Places(access.array, (along,), is_flat=len(shape) != 1)
    axes, offset = [], access.offset
    for extent, stride in zip(shape, row_major(shape), strict=True):
        digits = [_quotient(step, stride) for step in steps]
        steps = [step - digit * stride for step, digit in zip(steps, digits, strict=True)]
        axes.append(Along(extent, offset // stride, _taken(digits)))
        offset %= stride
    if not all(axis.is_within(extents) for axis in axes):
        return flat
    spread = Places(access.array, tuple(axes))
    return flat if len(flat.looped(extents)) < len(spread.looped(extents)) else spread


def _taken(steps: Sequence[int]) -> dict[int, int]:
    return {index: step for index, step in enumerate(steps) if step}


def _quotient(step: int, stride: int) -> int:
    """`step / stride`, rounded toward 0."""
    return step // stride if step >= 0 else -(-step // stride)


@dataclass(frozen=True)
class Subscript:
    """What stands behind the name of an array, in a nest some of whose indices are loops.

    - ``text``: such as ``.T`` or ``[k : k + 6, :, None]``; empty for all of the array
    - ``indices``: which index runs along each axis of the view; None along an axis of extent 1
    """

    text: str
    indices: tuple[int | None, ...]


def view(at: Places, extents: Shape, loops: dict[int, str], order: Sequence[int]) -> Subscript:
    """The part of an array that is accessed, its axes in the order of the indices `order`.

    Axes are put in for indices of `order` that the access does not depend on, where they are
    needed for NumPy to broadcast. `loops` names the indices that are loops.
    """
    items, flips, along = _items(at, extents, loops)
    wanted = [index for index in order if index in along]
    prefix = ".reshape(-1)" if at.is_flat else ""
    subscripts = _subscripts(items)
    if any(flips):
        subscripts += _subscripts(["::-1" if flip else ":" for flip in flips])
    spread = [index if index in along else None for index in order]
    while spread and spread[0] is None:
        spread.pop(0)
    gaps = ["None" if index is None else ":" for index in spread]
    if along == wanted and not any(flips) and not at.is_flat:
        return Subscript(prefix + _subscripts(_with_gaps(items, spread)), tuple(spread))
    if along != wanted:
        axes = [along.index(index) for index in wanted]
        backwards = axes == [*range(len(axes))][::-1]
        subscripts += ".T" if backwards else f".transpose({', '.join(map(str, axes))})"
    return Subscript(prefix + subscripts + _subscripts(gaps), tuple(spread))


def _items(
    at: Places, extents: Shape, loops: dict[int, str]
) -> tuple[list[str], list[bool], list[int]]:
    """The subscript of each axis; which axes of the view run backwards; the index along each."""
    items, flips, order = [], [], []
    for along in at.axes:
        [*running] = (index for index in along.steps if index not in loops)
        looped = {loops[i]: step for i, step in along.steps.items() if i in loops}
        if not running:
            items.append(affine_text(along.offset, looped))
            continue
        [index] = running
        step, n = along.steps[index], extents[index]
        first = along.offset + min(0, step * (n - 1))
        stop = first + abs(step) * (n - 1) + 1
        items.append(_slice(first, stop, abs(step), looped, along.extent))
        flips.append(step < 0)
        order.append(index)
    return items, flips, order


def _slice(first: int, stop: int, step: int, looped: dict[str, int], extent: int) -> str:
    """A slice whose ends move with some loops."""
    if looped:
        text = f"{affine_text(first, looped)} : {affine_text(stop, looped)}"
        return f"{text} : {step}" if step > 1 else text
    start = str(first) if first else ""
    # To the end of the axis it is the same, if no further step fits.
    end = "" if extent - 1 < stop - 1 + step else str(stop)
    return f"{start}:{end}:{step}" if step > 1 else f"{start}:{end}"


def _with_gaps(items: Sequence[str], spread: Sequence[int | None]) -> list[str]:
    """The subscripts, with new axes where `spread` has none."""
    result, waiting = [], list(spread)
    for item in items:
        if ":" in item:
            while waiting and waiting[0] is None:
                result.append("None")
                waiting.pop(0)
            waiting.pop(0)
        result.append(item)
    return result + ["None"] * len(waiting)


def _subscripts(items: Sequence[str]) -> str:
    items = list(items)
    while items and items[-1] == ":":
        items.pop()
    return f"[{', '.join(items)}]" if items else ""


def affine_text(offset: int, steps: dict[str, int]) -> str:
    """An affine expression of some names.

    >>> affine_text(-1, {"k": 2})
    '2 * k - 1'
    """
    terms = [
        (step, name if abs(step) == 1 else f"{abs(step)} * {name}") for name, step in steps.items()
    ]
    if offset or not terms:
        terms.append((offset, str(abs(offset))))
    terms.sort(key=lambda term: term[0] < 0)
    text = "".join(f" {'-' if sign < 0 else '+'} {term}" for sign, term in terms)
    return text.removeprefix(" + ") if text.startswith(" + ") else f"-{text[3:]}"


def written(at: Places, extents: Shape, loops: dict[int, str]) -> Subscript:
    """The part of an array that is written, its axes in the order of the array."""
    items, flips, order = _items(at, extents, loops)
    subscripts = _subscripts(items)
    if any(flips):
        subscripts += _subscripts(["::-1" if flip else ":" for flip in flips])
    return Subscript((".reshape(-1)" if at.is_flat else "") + subscripts, tuple(order))

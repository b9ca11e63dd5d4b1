"""The lines of a function body, and what is done to them once all are there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from catgrad.core.types import Dtype, NdArrayType
from catgrad.target.python.code import UFUNCS, Code, call

IDENTIFIER = re.compile(r"(?<![\w.])[^\W\d]\w*")

NAMED = re.compile(r'"[^"]*"|(?<![\w.])[^\W\d]\w*\b(?!=)')
"""A text in quotes, or a name that is not that of a parameter in a call."""

AUGMENTING = {ufunc: f"{operator}=" for operator, ufunc in UFUNCS.items()}
"""The assignments that write the result of an operator over its first operand."""

COMMUTATIVE = ("np.add", "np.multiply")

WORTH_REUSE = 2**14
"""Bytes of an array from which giving it to its successor beats asking for new memory."""


def names_in(text: str) -> set[str]:
    """The names in an expression, and perhaps some words that are none."""
    return {*IDENTIFIER.findall(text)}


class Line(NamedTuple):
    """``name, ... = code``.

    - ``type``: of the array that a single name stands for, where its memory may be given away
    - ``comment``: what stands behind the code
    - ``types``: of the arrays that several names stand for, where these may be given away
    - ``place``: the array that the result is written over
    - ``assigns``: how
    """

    names: tuple[str, ...]
    code: Code
    type: NdArrayType | None = None
    comment: str = ""
    types: tuple[NdArrayType | None, ...] = ()
    place: str = ""
    assigns: str = "="

    def __str__(self) -> str:
        comment = f"  # {self.comment}" if self.comment else ""
        return f"{', '.join(self.names)} {self.assigns} {self.code.text}{comment}"

    def reads(self) -> set[str]:
        """The names in the code, and perhaps some words that are none."""
        return names_in(self.code.text)

    @property
    def bytes(self) -> int:
        """The size of the array, or 0 where it is not known."""
        if self.type is None:
            return 0
        return self.type.size * (8 if self.type.dtype is Dtype.float64 else 4)


def without_unread(lines: Sequence[Line], results: Iterable[str]) -> list[Line]:
    """The lines that the results depend on."""
    wanted = {name for text in results for name in names_in(text)}
    kept = []
    for line in reversed(lines):
        if not wanted.isdisjoint(line.names):
            wanted |= line.reads()
            kept.append(line)
    return kept[::-1]


def reusing_memory(
    lines: Sequence[Line],
    results: Iterable[str],
    largest: int | None = None,
    own: Mapping[str, NdArrayType] | None = None,
) -> list[Line]:
    """Large arrays that are read no more make room for the results that replace them.

    ``y = np.exp(x)`` becomes ``y = np.exp(x, out=x)`` where `x` is an array that this function
    made, and neither `x` nor a view of it is read later. Numbers are the same, since NumPy
    computes as if operands and result did not overlap. Lines for arrays of several types suit those
    of the `largest`, told in numbers. Arrays that are the function's `own` from the beginning make
    room as well.
    """

    def is_worth(line: Line) -> bool:
        if line.type is None or not line.type.shape:
            return False
        return (line.bytes if largest is None else 4 * largest) >= WORTH_REUSE

    if not any(map(is_worth, lines)):
        return list(lines)
    ends = _ends(lines, results)
    own = own or {}
    owned = dict(own)
    written = []
    for i, line in enumerate(lines):
        is_new = line.code.is_new
        if line.code.ufunc and line.type and is_worth(line):
            # An argument is written over only where nothing else can be.
            for name in sorted((a.text for a in line.code.operands), key=own.__contains__):
                if owned.get(name) == line.type and ends[name] == i:
                    text = call(line.code.ufunc, *line.code.operands, f"out={name}").text
                    line = line._replace(code=line.code._replace(text=text), place=name)
                    break
        if line.type and is_new:
            owned[line.names[0]] = line.type
        owned |= {name: T for name, T in zip(line.names, line.types, strict=False) if T}
        written.append(line)
    return written


def augmented(
    lines: Sequence[Line],
    results: Sequence[str],
    arguments: Collection[str] = (),
    is_method: bool = False,
) -> tuple[list[Line], list[str]]:
    """Lines and results with ``x += y`` for ``z = np.add(x, y, out=x)``.

    What was called `z` is called `x` from there on; where `z` is a result, `x` is called `z` from
    its beginning; not so in a method, whose results are states and parameters, if other lines read
    it as `x` before. An array that is one of the `arguments` gets a new name.
    """
    given = {name for text in results for name in names_in(text)}
    first, last, written = _augmented(lines, arguments)
    if is_method and (apart := {x for x in _read_before(lines, first) if last[x] in given}):
        first, last, written = _augmented(lines, {*arguments, *apart})
    if not last:
        return written, list(results)
    chosen = {
        x: name if name in given and not re.fullmatch(rf"{x}_\d+", name) else x
        for x, name in last.items()
    }
    names = chosen | {name: chosen[x] for name, x in first.items()}

    def renamed(text: str) -> str:
        return NAMED.sub(lambda match: names.get(match[0], match[0]), text)

    return [
        line._replace(
            names=tuple(names.get(name, name) for name in line.names),
            code=line.code._replace(text=renamed(line.code.text)),
        )
        for line in written
    ], [renamed(text) for text in results]


def _augmented(
    lines: Sequence[Line], apart: Collection[str]
) -> tuple[dict[str, str], dict[str, str], list[Line]]:
    """Lines written as ``x += y``, but where `x` stays `apart`. For each name the first of the
    names that the array has had, and for each of these the last."""
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    written = []
    for line in lines:
        if line.place not in apart and (operand := _augmenting(line)) is not None:
            [name] = line.names
            first[name] = first.get(line.place, line.place)
            last[first[name]] = name
            line = line._replace(code=operand, assigns=AUGMENTING[line.code.ufunc])
        written.append(line)
    return first, last, written


def _read_before(lines: Sequence[Line], first: Mapping[str, str]) -> set[str]:
    """The arrays that a line reads before another writes over them."""
    pending, read, found = {*first.values()}, set[str](), set[str]()
    if not pending:
        return found
    for line in lines:
        if line.place in pending:
            pending.remove(line.place)
            found |= {line.place} & read
        read |= line.reads()
    return found


def _augmenting(line: Line) -> Code | None:
    """What is added, or the like, to the array that a line overwrites, where this can be said."""
    if not line.place or line.code.ufunc not in AUGMENTING:
        return None
    a, b, *_ = line.code.operands
    if a.text == line.place:
        return b
    return a if b.text == line.place and line.code.ufunc in COMMUTATIVE else None


def _ends(lines: Sequence[Line], results: Iterable[str]) -> dict[str, int]:
    """The number of the last line that reads each name, or something that may be a view of it."""
    ends = {name: len(lines) for text in results for name in names_in(text)}
    for i in reversed(range(len(lines))):
        line = lines[i]
        end = i if line.code.is_new else max((ends.get(n, i) for n in line.names), default=i)
        for name in line.reads():
            ends[name] = max(ends.get(name, i), end)
    return ends

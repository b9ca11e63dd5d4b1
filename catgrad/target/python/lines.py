"""The lines of a function body, and what is done to them once all are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from catgrad.core.types import Dtype, NdArrayType
from catgrad.target.python.code import Code, call

IDENTIFIER = re.compile(r"(?<![\w.])[^\W\d]\w*")

WORTH_REUSE = 2**14
"""Bytes of an array from which giving it to its successor beats asking for new memory."""


def names_in(text: str) -> set[str]:
    """The names in an expression, and perhaps some words that are none."""
    return {*IDENTIFIER.findall(text)}


@dataclass(frozen=True)
class Line:
    """``name, ... = code``.

    - ``type``: of the array that a single name stands for, where its memory may be given away
    - ``comment``: what stands behind the code
    - ``types``: of the arrays that several names stand for, where these may be given away
    """

    names: tuple[str, ...]
    code: Code
    type: NdArrayType | None = None
    comment: str = ""
    types: tuple[NdArrayType | None, ...] = ()

    def __str__(self) -> str:
        comment = f"  # {self.comment}" if self.comment else ""
        return f"{', '.join(self.names)} = {self.code.text}{comment}"

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
    lines: Sequence[Line], results: Iterable[str], largest: int | None = None
) -> list[Line]:
    """Large arrays that are read no more make room for the results that replace them.

    ``y = np.exp(x)`` becomes ``y = np.exp(x, out=x)`` where `x` is an array that this function
    made, and neither `x` nor a view of it is read later. Numbers are the same, since NumPy
    computes as if operands and result did not overlap. Lines for arrays of several types suit those
    of the `largest`, told in numbers.
    """

    def is_worth(line: Line) -> bool:
        if line.type is None or not line.type.shape:
            return False
        return (line.bytes if largest is None else 4 * largest) >= WORTH_REUSE

    if not any(map(is_worth, lines)):
        return list(lines)
    ends = _ends(lines, results)
    owned: dict[str, NdArrayType] = {}
    written = []
    for i, line in enumerate(lines):
        is_new = line.code.is_new
        if line.code.ufunc and line.type and is_worth(line):
            for operand in line.code.operands:
                name = operand.text
                if owned.get(name) == line.type and ends[name] == i:
                    code = call(line.code.ufunc, *line.code.operands, f"out={name}")
                    line = replace(line, code=code)
                    break
        if line.type and is_new:
            owned[line.names[0]] = line.type
        owned |= {name: T for name, T in zip(line.names, line.types, strict=False) if T}
        written.append(line)
    return written


def _ends(lines: Sequence[Line], results: Iterable[str]) -> dict[str, int]:
    """The number of the last line that reads each name, or something that may be a view of it."""
    ends = {name: len(lines) for text in results for name in names_in(text)}
    for i in reversed(range(len(lines))):
        line = lines[i]
        end = i if line.code.is_new else max((ends.get(n, i) for n in line.names), default=i)
        for name in line.reads():
            ends[name] = max(ends.get(name, i), end)
    return ends

"""Which expressions may share memory with which arrays."""

from __future__ import annotations

import math
import re
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from catgrad.target.python.code import Code
from catgrad.target.python.lines import Line, names_in

NEW = re.compile(
    r"^np\.(arange|concatenate|full|multiply\.outer|ones|stack|tensordot|where|zeros)\("
    r"|^np\.einsum\(\"[^\"]*,"
    r"|\.(all|any|argmax|argmin|astype|max|min|prod|repeat|sum)\(([^()]|\([^()]*\))*\)$"
)
"""How the text of an expression of a new array begins or ends, beside `Code.is_new`."""

SHAPED = re.compile(r"([^\W\d]\w*)(\.T|\.reshape\((?:\(\)|[^()]*)\)|\.transpose\([^()]*\))*")
"""An array by its name, or all its numbers in another arrangement."""

CALLED = re.compile(r"(?<![\w.])[^\W\d]\w*(?=\()")
"""The name of a function that is called."""


PART = re.compile(r"([^\W\d]\w*)\[(\d*):(\d*)\](?:\.reshape\((?:\(\)|[^()]*)\))?")
"""Rows of an array by its name, from one to another."""


class Part(NamedTuple):
    """The rows from `start` to `stop` of an array."""

    array: str
    start: int
    stop: float

    def meets(self, other: Part) -> bool:
        """Whether both have a row in common."""
        apart = self.stop <= other.start or other.stop <= self.start
        return self.array == other.array and not apart


class Memory:
    """Of which arrays the names in a function may be views.

    `is_apart` tells of a called function whether its results surely share no memory with its
    arguments, and `is_distinct` whether they share none with one another.
    """

    def __init__(self, is_apart: Callable[[str], bool], is_distinct: Callable[[str], bool]) -> None:
        self._is_apart, self._is_distinct = is_apart, is_distinct
        self._behind: dict[str, set[str]] = {}
        self._whole: set[str] = set()  # names of arrays in which each number has its own place
        self._parts: dict[str, Part] = {}

    def add(self, line: Line) -> None:
        """Take in the next line of the function."""
        behind = self.behind(line.code)
        if len(line.names) > 1:
            called = CALLED.match(line.code.text)
            if not (called and self._is_distinct(called[0])):
                behind.add(line.names[0])  # what one result may share with the others
        for name in line.names:
            self._behind[name] = {name, *behind}
        if len(line.names) > 1:
            self._whole.update(name for name, T in zip(line.names, line.types, strict=False) if T)
        elif self._is_whole(line.code):
            self._whole.add(line.names[0])
        elif (found := PART.fullmatch(line.code.text)) and self._is_own(found[1]):
            stop = int(found[3]) if found[3] else math.inf
            self._parts[line.names[0]] = Part(found[1], int(found[2] or 0), stop)

    def _is_own(self, name: str) -> bool:
        """Whether this is a whole array, and a view of no other."""
        return name in self._whole and self._behind[name] == {name}

    def behind(self, code: Code) -> set[str]:
        """The names of arrays that share memory with the result of an expression."""
        if code.is_name:
            return {*self._behind.get(code.text, (code.text,))}
        if self._is_new(code):
            return set()
        return {
            name
            for read in names_in(CALLED.sub("", code.text))
            for name in self._behind.get(read, {read})
        }

    def _is_new(self, code: Code) -> bool:
        if code.is_new:
            return True
        called = CALLED.match(code.text)
        if called is not None and self._is_apart(called[0]):
            return True
        return NEW.search(code.text) is not None

    def own(self, results: Sequence[Code], others: set[str]) -> tuple[bool, ...]:
        """Which results are whole arrays that share no memory with each other, nor with others."""
        behind = [self.behind(result) | {result.text} for result in results]
        read = Counter(name for names in behind for name in names)
        return tuple(
            self._is_whole(result)
            and names.isdisjoint(others)
            and all(read[name] == 1 for name in names)
            for result, names in zip(results, behind, strict=True)
        )

    def _is_whole(self, code: Code) -> bool:
        if code.is_new:
            return True
        shaped = SHAPED.fullmatch(code.text)
        return shaped is not None and shaped[1] in self._whole

    def repeated(
        self, results: Sequence[Code], arrays: set[str], but: Iterable[str] = ()
    ) -> list[bool]:
        """Whether each result may share memory with `arrays`, or with a result before it; parts
        of the arrays named last are not looked at, unless one result is given twice."""
        taken, repeated = set(arrays), list[bool]()
        parts, parted = list[Part](), set[str]()
        for result in results:
            behind = self.behind(result).difference(but) | {result.text}
            part = self._parts.get(result.text)
            if part is None:
                repeated.append(not (behind.isdisjoint(taken) and behind.isdisjoint(parted)))
            else:
                # Parts that do not meet are met by none but their neighbours.
                place = bisect(parts, part)
                near = parts[max(place - 1, 0) : place + 1]
                repeated.append(not behind.isdisjoint(taken) or any(map(part.meets, near)))
                behind.remove(part.array)
            if repeated[-1]:
                continue
            taken |= behind
            if part is not None:
                parts.insert(place, part)
                parted.add(part.array)
        return repeated

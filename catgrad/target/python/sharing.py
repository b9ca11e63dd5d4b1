"""Which expressions may share memory with which arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from catgrad.target.python.code import Code
from catgrad.target.python.lines import Line, names_in

NEW = re.compile(
    r"^np\.(arange|concatenate|full|multiply\.outer|ones|stack|tensordot|where|zeros)\("
    r"|^np\.einsum\(\"[^\"]*,"
    r"|\.(all|any|argmax|argmin|astype|max|min|prod|repeat|sum)\(([^()]|\([^()]*\))*\)$"
)
"""How the text of an expression of a new array begins or ends, beside `Code.is_new`."""

CALLED = re.compile(r"(?<![\w.])[^\W\d]\w*(?=\()")
"""The name of a function that is called."""


class Memory:
    """Of which arrays the names in a function may be views.

    `is_apart` tells of a called function whether its results surely share no memory with its
    arguments, and `is_distinct` whether they share none with one another.
    """

    def __init__(
        self,
        lines: Iterable[Line],
        is_apart: Callable[[str], bool],
        is_distinct: Callable[[str], bool],
    ) -> None:
        self._is_apart = is_apart
        self._behind: dict[str, set[str]] = {}
        for line in lines:
            behind = self.behind(line.code)
            called = CALLED.match(line.code.text)
            if len(line.names) > 1 and not (called and is_distinct(called[0])):
                behind.add(line.names[0])  # what one result may share with the others
            for name in line.names:
                self._behind[name] = behind | {name}

    def behind(self, code: Code) -> set[str]:
        """The names of arrays that share memory with the result of an expression."""
        if self._is_new(code):
            return set()
        return {
            name
            for read in names_in(CALLED.sub("", code.text))
            for name in self._behind.get(read, {read})
        }

    def _is_new(self, code: Code) -> bool:
        if code.is_new or NEW.search(code.text):
            return True
        called = CALLED.match(code.text)
        return called is not None and self._is_apart(called[0])

    def repeated(
        self, results: Sequence[Code], arrays: set[str], but: Iterable[str] = ()
    ) -> list[bool]:
        """Whether each result may share memory with `arrays`, or with a result before it; parts
        of the arrays named last are not looked at, unless one result is given twice."""
        taken, repeated = set(arrays), []
        for result in results:
            behind = self.behind(result).difference(but) | {result.text}
            repeated.append(not behind.isdisjoint(taken))
            if not repeated[-1]:
                taken |= behind
        return repeated

"""Lines of source: how they are broken, and what describes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from catgrad.core.types import NdArrayType

WIDTH = 100
"""Columns of the source."""

METHOD = 8
"""Columns by which the body of a method is indented."""

CLOSING = str.maketrans("([", ")]")

Described = Sequence[tuple[str, NdArrayType]]
"""Names with their types."""


def indented(lines: Iterable[str], indent: int) -> list[str]:
    """Lines moved to the right, and broken where they are too long."""
    return list(chain.from_iterable(_broken(" " * indent + line) for line in lines))


def docstring(paragraph: str) -> list[str]:
    """A text of one line or more, in quotes."""
    lines = paragraph.split("\n")
    if len(lines) == 1:
        return [f'"""{paragraph}"""']
    return [f'"""{lines[0]}', *lines[1:], '"""']


def signature(arguments: Described, results: Described) -> str:
    """What a function takes and gives, for the docstring of a method.

    >>> from catgrad.core.types import Dtype
    >>> print(signature([("x", NdArrayType((2,), Dtype.float32))], []))
    x: float32[2] -> nothing
    """
    taken, given = (
        [f"{name}: {T}" for name, T in side] or ["nothing"] for side in (arguments, results)
    )
    line = f"{', '.join(taken)} -> {', '.join(given)}"
    if len(line) <= WIDTH - METHOD - len('""""""'):
        return line
    width = WIDTH - METHOD - len('"""')
    return "\n".join([*_filled(taken, width), *_filled(["-> " + given[0], *given[1:]], width)])


def _filled(items: Sequence[str], width: int) -> list[str]:
    """Items with commas between them, in lines as long as they may be; further lines indented."""
    lines = [items[0]]
    for item in items[1:]:
        if len(lines[-1]) + len(f", {item},") <= width:
            lines[-1] += f", {item}"
        else:
            lines[-1] += ","
            lines.append(f"    {item}")
    return lines


def _broken(line: str) -> list[str]:
    """A line as several where it is too long: what its first bracket encloses gets its own."""
    if len(line) <= WIDTH:
        return [line]
    code, comment = re.fullmatch(r"(.*?)(  # .*)?", line).groups(default="")  # type: ignore[union-attr]
    names, equals, value = code.partition(" = ")
    if equals and len(names) > WIDTH // 2 and ", " in names and not {*"(["} & {*names}:
        margin = names[: len(names) - len(names.lstrip())]
        inner = _filled(names.split(", "), WIDTH - len(margin) - 4)
        inside = [f"{margin}    {text.strip()}" for text in inner]
        return [f"{margin}(", *inside, *_broken(f"{margin}){equals}{value}")]
    colon = ":" if code.endswith(":") else ""
    code = code.removesuffix(":")
    if not _enclosing(code) and " = " in code:
        code = f"{code.replace(' = ', ' = (', 1)})"
    brackets = _enclosing(code)
    if not brackets:
        return [line]
    opening = _opening(code)
    closing = brackets[::-1].translate(CLOSING)
    start, end = opening.start(1) + len(brackets), len(code) - len(brackets)
    margin = " " * (len(line) - len(line.lstrip()))
    width = WIDTH - len(margin) - 4
    inside = _filled(_items(code[start:end], width), width)
    inner = [f"{margin}    {text.strip()}" for text in inside]
    return [code[:start], *inner, f"{margin}{closing}{colon}{comment}"]


def _items(code: str, width: int) -> list[str]:
    """What stands between the commas of a line, brackets taken as a whole if none is too wide."""
    items = [""]
    depth = 0
    for part in code.split(", "):
        items[-1] += part
        depth += sum(map(part.count, "([")) - sum(map(part.count, ")]"))
        if depth == 0:
            items.append("")
        else:
            items[-1] += ", "
    whole = depth == 0 and all(len(item) < width for item in items)
    return items[:-1] if whole else code.split(", ")


def _opening(code: str) -> re.Match[str]:
    """What comes before the first brackets, and these (group 1)."""
    match = re.match(r"[^\[(]*([\[(]*)", code)
    assert match
    return match


def _enclosing(code: str) -> str:
    """The first brackets of a line, as many as stay open up to its end."""
    opening = _opening(code)
    brackets = opening[1]
    depth = least = len(brackets)
    for bracket in re.findall(r"[()\[\]]", code[opening.end() :].rstrip(")]")):
        depth += 1 if bracket in "([" else -1
        least = min(least, depth)
    brackets = brackets[:least]
    while not code.endswith(brackets[::-1].translate(CLOSING)):
        brackets = brackets[:-1]
    return brackets

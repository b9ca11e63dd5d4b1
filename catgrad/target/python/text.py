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

Described = Sequence[tuple[str, NdArrayType]]
"""Names with their types."""


def indented(lines: Iterable[str], indent: int) -> list[str]:
    """Lines moved to the right, and broken where they are too long."""
    margin = " " * indent
    return list(chain.from_iterable(_broken(margin + line) for line in lines))


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
    """A line as several where it is too long: what a bracket encloses gets lines of its own."""
    if len(line) <= WIDTH:
        return [line]
    code, mark, comment = line.partition("  # ")
    comment = mark + comment
    assignment = ASSIGNMENT.fullmatch(code)
    names, equals, value = assignment.groups() if assignment else (code, "", "")
    margin = " " * (len(line) - len(line.lstrip()))
    is_tuple = equals and ", " in names and not {*"(["} & {*names}
    if is_tuple and len(names) + len(equals) + value.find("(") >= WIDTH:
        inner = _filled(names.split(", "), WIDTH - len(margin) - 4)
        inside = [f"{margin}    {text.strip()}" for text in inner]
        return [f"{margin}(", *inside, *_broken(f"{margin}){equals}{value}{comment}")]
    if equals and not _encloses(value):
        code = f"{names}{equals}({value})"
    span = _widest(code)
    if span is None:
        return [line]
    start, end = span
    lines = [code[:start], *_inside(code[start:end], f"{margin}    "), f"{margin}{code[end:]}"]
    lines[-1] += comment
    return lines


def _inside(code: str, margin: str) -> list[str]:
    """What stands in a bracket, in lines as long as they may be."""
    width = WIDTH - len(margin)
    items = _split(code, COMMA)
    if len(items) == 1 and len(code) > width:
        items = _split(code, OPERATOR)
        if len(items) > 1:  # an operator begins the line that it stands in
            return [part for item in items for part in _broken(margin + item.strip())]
    lines: list[str] = []
    for i, item in enumerate(items):
        text = item + ("," if i < len(items) - 1 else "")
        if len(text) > width:
            lines += _broken(margin + text)
        elif lines and lines[-1].endswith(",") and len(lines[-1]) + len(f" {text}") <= WIDTH:
            lines[-1] += f" {text}"
        else:
            lines.append(margin + text)
    return lines


ASSIGNMENT = re.compile(r"(.*?)( (?:[-+*/]|//)?= )(.*)")
"""What is assigned to, how, and what."""

COMMA = re.compile(r", ")
OPERATOR = re.compile(r" (?=(?:[-+*/@&|<>=]|//|\*\*|<<|>>|[<>=!]=) )")
"""Where a line may end within a bracket: after a comma, or before an operator."""

BRACKET = re.compile(r"[][(){}]")

EXTENTS = re.compile(r"[\d, ]*")
"""What a tuple of numbers encloses, a shape say, which is read as one."""

SUBSCRIPTED = re.compile(r"[\w\])]$")
"""What an expression ends in that a subscript follows."""


def _brackets(code: str) -> list[tuple[int, int]]:
    """Where brackets stand, and in how many a character is from there on."""
    found, depth = [], 0
    for match in BRACKET.finditer(code):
        # A line may begin with the bracket that one before it has opened.
        depth = depth + 1 if match[0] in "([{" else max(0, depth - 1)
        found.append((match.start(), depth))
    return found


def _split(code: str, where: re.Pattern[str]) -> list[str]:
    """The parts of a text between the places that match outside of all brackets."""
    parts, start, depth = [], 0, 0
    brackets = iter([*_brackets(code), (len(code), 0)])
    place, after = next(brackets)
    for match in where.finditer(code):
        while place <= match.start():
            depth = after
            place, after = next(brackets)
        if depth == 0:
            parts.append(code[start : match.start()])
            start = match.end()
    return [*parts, code[start:]]


def _encloses(value: str) -> bool:
    """Whether an expression is one call or one bracket and not, say, a sum of two calls."""
    span = _widest(value)
    if span is None:
        return False
    start, end = span
    is_call = end == len(value) - 1 and value[: start - 1].isidentifier()
    return is_call or len(_split(value, OPERATOR)) == 1


def _widest(code: str) -> tuple[int, int] | None:
    """Where the widest of the outer brackets of a line begins and ends, within the brackets.

    No line ends in a subscript, nor in a tuple of numbers.
    """
    spans, start = [], -1
    for i, depth in _brackets(code):
        c = code[i]
        if c in "([{" and depth == 1:
            start = i + 1
        elif c in ")]}" and depth == 0 and start > 0:
            is_subscript = c == "]" and SUBSCRIPTED.search(code, 0, start - 1)
            if not is_subscript and not EXTENTS.fullmatch(code[start:i]):
                spans.append((start, i))
    return max(spans, key=lambda span: span[1] - span[0], default=None)

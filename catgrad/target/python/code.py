"""Python expressions as text that knows how tightly it binds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from catgrad.core.operation import Scalar


class Level(IntEnum):
    """How tightly an expression binds, loosest first."""

    COMPARISON = 0
    OR = 1
    AND = 2
    SHIFT = 3
    SUM = 4
    PRODUCT = 5
    UNARY = 6
    POWER = 7
    ATOM = 8


LEVELS = {
    ">": Level.COMPARISON,
    "|": Level.OR,
    "&": Level.AND,
    "<<": Level.SHIFT,
    ">>": Level.SHIFT,
    "+": Level.SUM,
    "-": Level.SUM,
    "*": Level.PRODUCT,
    "/": Level.PRODUCT,
    "@": Level.PRODUCT,
    "**": Level.POWER,
}


@dataclass(frozen=True)
class Code:
    """An expression.

    - ``level``: of its outermost operator
    - ``operations``: how many array operations it performs; none for a name or a view

    >>> x, y = Code("x"), Code("y")
    >>> infix("*", infix("+", x, y), prefix("-", x)).text
    '(x + y) * -x'
    """

    text: str
    level: Level = Level.ATOM
    operations: int = 0

    def at(self, level: Level) -> str:
        """The text, in parentheses where it binds more loosely than `level`."""
        return self.text if self.level >= level else f"({self.text})"

    @property
    def is_name(self) -> bool:
        """Whether this is a name and nothing else."""
        return self.text.isidentifier()


def literal(x: Scalar) -> Code:
    """A number. Whole floats lose their point, which next to an array means the same.

    >>> literal(1.0).text, literal(0.0001).text, literal(-2).at(Level.POWER)
    ('1', '0.0001', '(-2)')
    """
    if isinstance(x, float) and x.is_integer() and abs(x) < 1e6:
        x = int(x)
    return Code(repr(x), Level.UNARY if x < 0 else Level.ATOM)


def infix(operator: str, a: Code, b: Code) -> Code:
    """``a operator b``."""
    level = LEVELS[operator]
    match level:
        case Level.COMPARISON:
            left = right = Level.OR  # Python would chain x > y > z
        case Level.POWER:
            left, right = Level.ATOM, Level.UNARY
        case Level.SHIFT | Level.AND | Level.OR:
            # Python reads a + b << c as (a + b) << c; few people do.
            left = right = Level.UNARY
        case _:
            left, right = level, Level(level + 1)
    text = f"{a.at(left)} {operator} {b.at(right)}"
    return Code(text, level, a.operations + b.operations + 1)


def prefix(operator: str, a: Code) -> Code:
    """``operator a``."""
    return Code(f"{operator}{a.at(Level.UNARY)}", Level.UNARY, a.operations + 1)


def call(function: str, *arguments: Code | str) -> Code:
    """``function(argument, ...)``; an argument that is a string is text as it stands."""
    texts = [a.text if isinstance(a, Code) else a for a in arguments]
    operations = sum(a.operations for a in arguments if isinstance(a, Code))
    return Code(f"{function}({', '.join(texts)})", Level.ATOM, operations + 1)


def method(a: Code, name: str, *arguments: str) -> Code:
    """``a.name(argument, ...)``."""
    return Code(f"{a.at(Level.ATOM)}.{name}({', '.join(arguments)})", Level.ATOM, a.operations + 1)


def view(a: Code, text: str) -> Code:
    """``a`` followed by an attribute or an index, which costs nothing."""
    return Code(f"{a.at(Level.ATOM)}{text}", Level.ATOM, a.operations)

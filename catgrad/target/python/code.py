"""Python expressions as text that knows how tightly it binds."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

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
    ">=": Level.COMPARISON,
    "<": Level.COMPARISON,
    "<=": Level.COMPARISON,
    "==": Level.COMPARISON,
    "!=": Level.COMPARISON,
    "|": Level.OR,
    "&": Level.AND,
    "<<": Level.SHIFT,
    ">>": Level.SHIFT,
    "+": Level.SUM,
    "-": Level.SUM,
    "*": Level.PRODUCT,
    "/": Level.PRODUCT,
    "//": Level.PRODUCT,
    "@": Level.PRODUCT,
    "**": Level.POWER,
}


UFUNCS = {
    "+": "np.add",
    "-": "np.subtract",
    "*": "np.multiply",
    "/": "np.divide",
    "//": "np.floor_divide",
}
"""The functions behind the operators that can give their result a place in memory."""

NAMED_UFUNCS = frozenset(
    f"np.{name}"
    for name in (
        "abs",
        "cos",
        "exp",
        "log",
        "maximum",
        "minimum",
        "negative",
        "reciprocal",
        "sin",
        "sqrt",
        "tanh",
    )
)
"""Functions called by name that can."""


class Code(NamedTuple):
    """An expression.

    - ``level``: of its outermost operator
    - ``operations``: how many array operations it performs; none for a name or a view
    - ``is_new``: whether its array is surely a new one, of which nothing else is a view
    - ``ufunc``, ``operands``: the element-wise function of NumPy that the outermost operator
      stands for, if it does, and what it is applied to

    >>> x, y = Code("x"), Code("y")
    >>> infix("*", infix("+", x, y), prefix("-", x)).text
    '(x + y) * -x'
    """

    text: str
    level: Level = Level.ATOM
    operations: int = 0
    is_new: bool = False
    ufunc: str = ""
    operands: tuple[Code, ...] = ()

    def at(self, level: int) -> str:
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
    left: int
    right: int
    match level:
        case Level.COMPARISON:
            left = right = Level.OR  # Python would chain x > y > z
        case Level.POWER:
            left, right = Level.ATOM, Level.UNARY
        case Level.SHIFT | Level.AND | Level.OR:
            # Python reads a + b << c as (a + b) << c; few people do.
            left = right = Level.UNARY
        case _:
            left, right = level, level + 1
    text = f"{a.at(left)} {operator} {b.at(right)}"
    ufunc = UFUNCS.get(operator, "")
    return Code(text, level, a.operations + b.operations + 1, True, ufunc, (a, b))


def prefix(operator: str, a: Code) -> Code:
    """``operator a``."""
    ufunc = "np.negative" if operator == "-" else ""
    text = f"{operator}{a.at(Level.UNARY)}"
    return Code(text, Level.UNARY, a.operations + 1, True, ufunc, (a,))


def call(function: str, *arguments: Code | str) -> Code:
    """``function(argument, ...)``; an argument that is a string is text as it stands."""
    operands = tuple([Code(a) if isinstance(a, str) else a for a in arguments])
    operations = sum([a.operations for a in operands])
    text = f"{function}({', '.join([a.text for a in operands])})"
    if function not in NAMED_UFUNCS:
        return Code(text, operations=operations + 1)
    return Code(text, Level.ATOM, operations + 1, True, function, operands)


def method(a: Code, name: str, *arguments: str) -> Code:
    """``a.name(argument, ...)``."""
    return Code(f"{a.at(Level.ATOM)}.{name}({', '.join(arguments)})", Level.ATOM, a.operations + 1)


def view(a: Code, text: str) -> Code:
    """``a`` followed by an attribute or an index, which costs nothing."""
    return Code(f"{a.at(Level.ATOM)}{text}", Level.ATOM, a.operations, a.is_new)

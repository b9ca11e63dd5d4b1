"""Numbers next to arrays, which a function of large arrays has names for.

NumPy makes an array of the right type of a number of Python, in each operation anew, and takes as
long for it as for a thousand additions; an array without axes is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from catgrad.core import operation as ops
from catgrad.core.functions import Scalar
from catgrad.target.python.code import Code
from catgrad.target.python.values import Value, elementwise_shape

ROLES: dict[type, str] = {
    ops.Add: "term",
    ops.Subtract: "term",
    ops.Multiply: "factor",
    ops.Divide: "factor",
}
"""What a number is to an operation."""

PLAIN = (0, 0.5, 1, 2)
"""Numbers that need no name."""


def named_numbers(
    operation: object, operands: Sequence[Value], name: Callable[[str, Scalar], str]
) -> list[Value]:
    """The operands of an operation, numbers by the `name` that their role and value give them."""
    role = ROLES.get(type(operation))
    if role is None or elementwise_shape(*operands) == ():
        return [*operands]
    return [
        x
        if x.number is None or abs(x.number) in PLAIN
        else x._replace(code=Code(name(role, x.number)))
        for x in operands
    ]

"""How each operation of C is written in NumPy.

`express` gives the values of an operation's results. Arrays of an ordinary dtype keep it, because
to NumPy a Python number next to an array is of the dtype of the array. What only fixed-point
arrays know is in `integers`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import singledispatch
from typing import Any, Protocol

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.special.definition import Definition
from catgrad.target.python import integers
from catgrad.target.python.code import Code, call, infix, method, prefix, view
from catgrad.target.python.values import Value, elementwise_shape

Pointwise = (
    ops.Elementwise
    | ops.Mask
    | ops.Negate
    | ops.Invert
    | ops.Divide
    | ops.Power
    | ops.Constant
    | ops.Requantise
    | ops.InRange
    | ops.Lookup
)
"""Operations that work element by element."""


class Site(integers.Site, Protocol):
    """The place of an operation in the source."""

    @property
    def clips_at_zero(self) -> bool:
        """Whether a mask keeps exactly what is greater than zero."""

    def definition(self, definition: Definition) -> tuple[str, bool]:
        """The function for a definition, and whether it works element by element."""


def express(operation: object, operands: Sequence[Value], site: Site) -> list[Value]:
    """The results of an operation on these operands."""
    if (
        isinstance(operation, Pointwise)
        and operands
        and all(x.number is not None for x in operands)
    ):
        # Numbers alone would be computed by Python, which knows nothing of their dtype.
        operands = [operands[0].materialised(), *operands[1:]]
    return written(operation, operands, site)


@singledispatch
def written(operation: object, _operands: Sequence[Value], site: Site) -> list[Value]:
    """How each kind of operation is written, by overloading."""
    raise CatgradError(
        f"{site.function}: {type(operation).__name__} has no form in NumPy; "
        f"lower the program to core operations first."
    )


def _elementwise(code: Code, T: NdArrayType, *operands: Value) -> list[Value]:
    return [Value(code, T, elementwise_shape(*operands))]


################################################################################
# Element by element


def _refuse_bool(operation: Any, site: Site, T: NdArrayType) -> None:
    if T.dtype is Dtype.bool:
        raise CatgradError(
            f"{site.function}: NumPy has no {type(operation).__name__} on {T}; "
            f"use int32, or Add and Invert."
        )


@written.register
def _(operation: ops.Add, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = integers.aligned(operation, operands, site)
    if a.number is None and a.shape != b.shape == site.result.shape:
        a, b = b, a  # x @ weights + bias
    operator = "|" if operation.T.dtype is Dtype.bool else "+"
    return _elementwise(infix(operator, a.code, b.code), site.result, a, b)


@written.register
def _(operation: ops.Subtract, operands: Sequence[Value], site: Site) -> list[Value]:
    _refuse_bool(operation, site, operation.T)
    a, b = integers.aligned(operation, operands, site)
    return _elementwise(infix("-", a.code, b.code), site.result, a, b)


@written.register
def _(operation: ops.Multiply, operands: Sequence[Value], site: Site) -> list[Value]:
    for one, other in (operands, reversed(operands)):
        if isinstance(operation.T.dtype, Fixed) and one.number == 1:
            return [Value(other.code, site.result, other.shape, other.number)]
    a, b = operands
    operator = "&" if operation.T.dtype is Dtype.bool else "*"
    return _elementwise(infix(operator, a.code, b.code), site.result, a, b)


@written.register
def _(_operation: ops.Divide, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = operands
    return _elementwise(infix("/", a.code, b.code), site.result, a, b)


@written.register
def _(_operation: ops.Power, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = operands
    power = call("np.exp", b.code) if a.number == math.e else infix("**", a.code, b.code)
    return _elementwise(power, site.result, a, b)


@written.register
def _(operation: ops.Negate, operands: Sequence[Value], site: Site) -> list[Value]:
    _refuse_bool(operation, site, operation.T)
    [x] = operands
    return _elementwise(prefix("-", x.code), site.result, x)


@written.register
def _(_operation: ops.Invert, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    return _elementwise(prefix("~", x.code), site.result, x)


@written.register
def _(operation: ops.Gt, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = integers.aligned(operation, operands, site)
    condition = prefix("~", b.code) if b.is_condition else infix(">", a.code, b.code)
    return [integers.bits(condition, site, elementwise_shape(a, b))]


@written.register
def _(operation: ops.Mask, operands: Sequence[Value], site: Site) -> list[Value]:
    x, bits = operands
    if x.number is not None:
        x = x.materialised()
    if site.clips_at_zero:
        return _elementwise(call("np.maximum", x.code, "0"), site.result, x)
    if operation.T.dtype is Dtype.bool:
        return _elementwise(infix("&", x.code, bits.code), site.result, x, bits)
    if isinstance(operation.T.dtype, Fixed):
        return _elementwise(infix("*", x.code, bits.code), site.result, x, bits)
    return _elementwise(call("np.where", bits.code, x.code, "0"), site.result, x, bits)


@written.register
def _(operation: ops.Constant, _operands: Sequence[Value], _site: Site) -> list[Value]:
    return [Value.constant(operation.T, operation.x)]


@written.register
def _(operation: ops.Requantise, operands: Sequence[Value], site: Site) -> list[Value]:
    return [integers.requantise(operation, operands[0], site)]


@written.register
def _(operation: ops.InRange, operands: Sequence[Value], site: Site) -> list[Value]:
    return [integers.in_range(operation, operands[0], site)]


@written.register
def _(operation: ops.Lookup, operands: Sequence[Value], site: Site) -> list[Value]:
    return [integers.lookup(operation, operands[0], site)]


################################################################################
# Along axes


@written.register
def _(_operation: ops.Broadcast, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    return [Value(x.code, site.result, x.shape, x.number)]


@written.register
def _(operation: ops.NCopy, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    axes = len(operation.T.shape)
    if x.shape == () or axes == 0:
        return [Value(x.code, site.result, x.shape, x.number)]
    before = ":" if len(x.shape) == 1 else "..."
    spread = view(x.code, f"[{', '.join([before] + ['None'] * axes)}]")
    return [Value(spread, site.result, x.shape + (1,) * axes)]


def _reduced(name: str, x: Value, axes: range, site: Site) -> list[Value]:
    """The method `name` applied along some axes."""
    if not axes:
        return [Value(x.code, site.result, x.shape, x.number)]
    arguments = [f"axis={axes[0] if len(axes) == 1 else tuple(axes)}"]
    if len(axes) == len(x.type.shape):
        arguments = []
    if name == "sum" and x.type.dtype is Dtype.bool:
        name = "any"
    if name == "sum" and x.type.dtype is Dtype.int32:
        arguments.append("dtype=np.int32")  # NumPy would widen it
    return [Value(method(x.full, name, *arguments), site.result, site.result.shape)]


@written.register
def _(operation: ops.Sum, operands: Sequence[Value], site: Site) -> list[Value]:
    return _reduced("sum", operands[0], range(len(operation.N.shape)), site)


@written.register
def _(operation: ops.NAdd, operands: Sequence[Value], site: Site) -> list[Value]:
    return _reduced("sum", operands[0], range(-len(operation.T.shape), 0), site)


@written.register
def _(operation: ops.NMax, operands: Sequence[Value], site: Site) -> list[Value]:
    return _reduced("max", operands[0], range(-len(operation.T.shape), 0), site)


@written.register
def _(operation: ops.NSplit, operands: Sequence[Value], _site: Site) -> list[Value]:
    [x] = operands
    if x.number is not None:
        return [Value.constant(operation.T, x.number)] * operation.k
    parts = (view(x.full, f"[..., {i}]") for i in range(operation.k))
    return [Value(part, operation.T, operation.T.shape) for part in parts]


@written.register
def _(_operation: ops.NConcatenate, operands: Sequence[Value], site: Site) -> list[Value]:
    parts = ", ".join(x.full.text for x in operands)
    return [Value(call("np.stack", f"[{parts}]", "axis=-1"), site.result, site.result.shape)]


@written.register
def _(operation: ops.Reshape, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    if x.number is not None:
        return [Value.constant(operation.Y, x.number)]
    extents = ", ".join(map(str, operation.Y.shape)) or "()"
    return [Value(view(x.full, f".reshape({extents})"), site.result, operation.Y.shape)]


@written.register
def _(operation: ops.Permute, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    if x.number is not None:
        return [Value.constant(site.result, x.number)]
    reverse = operation.p == tuple(reversed(range(len(operation.p))))
    text = ".T" if reverse else f".transpose({', '.join(map(str, operation.p))})"
    return [Value(view(x.full, text), site.result, site.result.shape)]


################################################################################
# Contractions and definitions


@written.register
def _(operation: ops.MatrixMultiply, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = operands
    return [integers.contraction(infix("@", a.full, b.full), a, b, operation, site)]


@written.register
def _(operation: ops.Compose, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = operands
    axes = len(operation.B.shape)
    match axes:
        case 0 if len(a.type.shape) == 1 == len(b.type.shape):
            code = call("np.outer", a.full, b.full)
        case 0:
            code = call("np.multiply.outer", a.full, b.full)
        case 1 if len(b.type.shape) <= 2:
            code = infix("@", a.full, b.full)
        case _:
            code = call("np.tensordot", a.full, b.full, f"axes={axes}")
    return [integers.contraction(code, a, b, operation, site)]


@written.register
def _(operation: Definition, operands: Sequence[Value], site: Site) -> list[Value]:
    name, pointwise = site.definition(operation)
    results = list(operation.target())
    if pointwise and len(operands) == 1 and operands[0].number is None:
        [x] = operands
        return [Value(call(name, x.code), T, x.shape) for T in results]
    applied = call(name, *(x.full for x in operands))
    return [Value(applied, T, T.shape) for T in results]

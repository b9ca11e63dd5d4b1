"""How functions, comparisons and choices are written in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

from catgrad.core import operation as ops
from catgrad.target.python import integers
from catgrad.target.python.code import Code, call, infix, method
from catgrad.target.python.expressions import Site, elementwise, written
from catgrad.target.python.values import Value, elementwise_shape, storage

FUNCTIONS: dict[type, str] = {
    ops.Exp: "np.exp",
    ops.Log: "np.log",
    ops.Sqrt: "np.sqrt",
    ops.Tanh: "np.tanh",
    ops.Sin: "np.sin",
    ops.Cos: "np.cos",
    ops.Abs: "np.abs",
    ops.Sign: "np.sign",
    ops.Minimum: "np.minimum",
    ops.Maximum: "np.maximum",
}
"""The functions of NumPy that operations are."""

COMPARISONS: dict[type, str] = {
    ops.Ge: ">=",
    ops.Lt: "<",
    ops.Le: "<=",
    ops.Eq: "==",
    ops.Ne: "!=",
}


@written.register(ops.Unary)
@written.register(ops.Abs)
@written.register(ops.Sign)
def _(
    operation: ops.Unary | ops.Abs | ops.Sign, operands: Sequence[Value], site: Site
) -> list[Value]:
    [x] = operands
    return elementwise(call(FUNCTIONS[type(operation)], x.code), site.result, x)


@written.register
def _(_operation: ops.ReciprocalSqrt, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    return elementwise(infix("/", Code("1"), call("np.sqrt", x.code)), site.result, x)


@written.register
def _(_operation: ops.Reciprocal, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    return elementwise(infix("/", Code("1"), x.code), site.result, x)


@written.register
def _(_operation: ops.Convert, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    return elementwise(converted(x.code, site), site.result, x)


def converted(code: Code, site: Site) -> Code:
    """An array in the dtype of the result."""
    return method(code, "astype", f"np.{storage(site.result)}")


@written.register(ops.Minimum)
@written.register(ops.Maximum)
def _(operation: ops.Minimum | ops.Maximum, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = integers.aligned(operation, operands, site)
    return elementwise(call(FUNCTIONS[type(operation)], a.code, b.code), site.result, a, b)


@written.register
def _(operation: ops.Comparison, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = integers.aligned(operation, operands, site)
    condition = infix(COMPARISONS[type(operation)], a.code, b.code)
    return [integers.bits(condition, site, elementwise_shape(a, b))]


@written.register
def _(operation: ops.Select, operands: Sequence[Value], site: Site) -> list[Value]:
    bits, *numbers = operands
    a, b = integers.aligned(operation, numbers, site)
    first = a.code
    if a.number is not None and b.number is not None:
        first = call(f"np.{storage(site.result)}", first)  # two numbers alone have no dtype
    return elementwise(call("np.where", bits.code, first, b.code), site.result, bits, a, b)

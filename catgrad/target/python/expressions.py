"""How each operation of C is written in NumPy.

`express` gives the values of an operation's results. Arrays of an ordinary dtype keep it, because
to NumPy a Python number next to an array is of the dtype of the array. What only fixed-point
arrays know is in `integers`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any, Protocol

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import Definition
from catgrad.target.python import integers
from catgrad.target.python.code import Code, call, infix, method, prefix, view
from catgrad.target.python.contractions import composition
from catgrad.target.python.special import PythonOp
from catgrad.target.python.values import Value, elementwise_shape
from catgrad.target.python.views import permuted, reshape, reshaped

WORTH_PRODUCT = 2**10
"""Numbers to add up from which a product with ones is worth its constant."""

Pointwise = (
    ops.Elementwise
    | ops.Mask
    | ops.Negate
    | ops.Abs
    | ops.Sign
    | ops.Convert
    | ops.Unary
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

    @property
    def masks_infinite(self) -> bool:
        """Whether the numbers that a mask reads may be infinite."""

    def definition(self, definition: Definition | Kernel | PythonOp) -> tuple[str, bool]:
        """The function for a definition, and whether it works element by element."""

    def owned(self, name: str, /) -> tuple[bool, ...]:
        """Which results of a function are arrays of which nobody else knows any part."""


def express(operation: object, operands: Sequence[Value], site: Site) -> list[Value]:
    """The results of an operation on these operands."""
    if (
        operands
        and operands[0].number is not None
        and all(x.number is not None for x in operands)
        and isinstance(operation, Pointwise)
    ):
        # Numbers alone would be computed by Python, which knows nothing of their dtype.
        operands = [operands[0].materialised(), *operands[1:]]
    return WRITERS[type(operation)](operation, operands, site)


@singledispatch
def written(operation: object, _operands: Sequence[Value], site: Site) -> list[Value]:
    """How each kind of operation is written, by overloading."""
    raise CatgradError(
        f"{site.function}: {type(operation).__name__} has no form in NumPy; "
        f"lower the program to core operations first."
    )


class _Writers(dict[type, Callable[..., list[Value]]]):
    """What `written` does for each type of operations, looked up once."""

    def __missing__(self, kind: type) -> Callable[..., list[Value]]:
        self[kind] = written.dispatch(kind)
        return self[kind]


WRITERS = _Writers()


def elementwise(code: Code, T: NdArrayType, *operands: Value) -> list[Value]:
    return [Value(code, T, elementwise_shape(*operands))]


################################################################################
# Element by element


def refuse_bool(operation: Any, site: Site, T: NdArrayType) -> None:
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
    if a.reshaped and a.reshaped.code.operations and b.shape == a.reshaped.shape[-1:]:
        # NumPy adds in place to a product that nothing else refers to, not to a view of it.
        [total] = elementwise(infix(operator, a.reshaped.code, b.code), a.reshaped.type, a.reshaped)
        return [reshaped(total, site.result.shape)]
    return elementwise(infix(operator, a.code, b.code), site.result, a, b)


@written.register
def _(operation: ops.Subtract, operands: Sequence[Value], site: Site) -> list[Value]:
    refuse_bool(operation, site, operation.T)
    a, b = integers.aligned(operation, operands, site)
    return elementwise(infix("-", a.code, b.code), site.result, a, b)


@written.register
def _(operation: ops.Multiply, operands: Sequence[Value], site: Site) -> list[Value]:
    for one, other in (operands, reversed(operands)):
        if isinstance(operation.T.dtype, Fixed) and one.number == 1:
            return [Value(other.code, site.result, other.shape, other.number)]
    a, b = operands
    operator = "&" if operation.T.dtype is Dtype.bool else "*"
    [product] = elementwise(infix(operator, a.code, b.code), site.result, a, b)
    direct = not (a.permuted or b.permuted or a.is_scattered or b.is_scattered)
    if operation.T.is_floating and direct and a.shape == b.shape == site.result.shape:
        product = Value(product.code, product.type, product.shape, factors=(a.code, b.code))
    return [product]


@written.register
def _(operation: ops.Divide, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = operands
    operator = "/" if operation.T.is_floating else "//"
    return elementwise(infix(operator, a.code, b.code), site.result, a, b)


@written.register
def _(_operation: ops.Power, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = operands
    power = call("np.exp", b.code) if a.number == math.e else infix("**", a.code, b.code)
    return elementwise(power, site.result, a, b)


@written.register
def _(operation: ops.Negate, operands: Sequence[Value], site: Site) -> list[Value]:
    refuse_bool(operation, site, operation.T)
    [x] = operands
    return elementwise(prefix("-", x.code), site.result, x)


@written.register
def _(_operation: ops.Invert, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    return elementwise(prefix("~", x.code), site.result, x)


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
        return elementwise(call("np.maximum", x.code, "0"), site.result, x)
    if operation.T.dtype is Dtype.bool:
        return elementwise(infix("&", x.code, bits.code), site.result, x, bits)
    if site.masks_infinite:
        return elementwise(call("np.where", bits.code, x.code, "0"), site.result, x, bits)
    # Where the numbers are finite this is the same, in a tenth of the time.
    return elementwise(infix("*", x.code, bits.code), site.result, x, bits)


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


def reduced(name: str, x: Value, axes: Sequence[int], site: Site) -> list[Value]:
    """The method `name` applied along some axes."""
    if not axes:
        return [Value(x.code, site.result, x.shape, x.number)]
    if x.permuted is not None:
        base, order = x.permuted
        summed = {order[axis] for axis in axes}
        others = [axis for axis in order if axis not in summed]
        if others == sorted(others):
            x, axes = base, sorted(summed)
    arguments = [f"axis={axes[0] if len(axes) == 1 else tuple(axes)}"]
    if len(axes) == len(x.type.shape):
        arguments = []
    if x.type.size == site.result.size and not x.is_condition:  # each sum has one term
        return [reshaped(x, site.result.shape)]
    if name == "sum" and not arguments and x.factors and x.type.size >= WORTH_PRODUCT:
        return [Value(call("np.vdot", *x.factors), site.result, ())]
    if name == "sum" and (total := _product_with_ones(x, axes, site)) is not None:
        return [Value(total, site.result, site.result.shape)]
    if x.type.dtype is Dtype.bool:
        name = {"sum": "any", "prod": "all"}.get(name, name)
    elif x.type.dtype is Dtype.int32 and name in ("sum", "prod"):
        arguments.append("dtype=np.int32")  # NumPy would widen it
    found = method(x.full, name, *arguments)
    # Of all axes NumPy makes a number, to which nothing can be written.
    found = found._replace(is_new=bool(site.result.shape))
    return [Value(found, site.result, site.result.shape)]


def _product_with_ones(x: Value, axes: Sequence[int], site: Site) -> Code | None:
    """A sum over the first axes, the last, or the last but one, as a product of matrices.

    BLAS adds up several times as fast as NumPy.
    """
    T, reduced_axes = x.type, {axis % len(x.type.shape) for axis in axes}
    if not T.is_floating or T.size < WORTH_PRODUCT or x.shape != T.shape or x.permuted:
        return None
    terms = T.size // max(1, site.result.size)
    if site.result.size == 1:
        return None
    first = len(T.shape) - len(axes)
    last, leading = {*range(first, len(T.shape))}, {*range(len(axes))}
    if reduced_axes not in (last, leading, {len(T.shape) - 2}):
        return None
    ones = site.constant(f"ones_{terms}", call("np.ones", str(terms), f"np.{T.dtype}"))
    if reduced_axes == last:
        rows = reshaped(x, (*T.shape[:first], terms))
        return infix("@", site.once(rows.code, "rows"), ones)
    if reduced_axes == leading:
        columns = reshaped(x, (terms, site.result.size))
        total = infix("@", ones, site.once(columns.code, "rows"))
        return total if len(site.result.shape) == 1 else reshape(total, site.result.shape)
    return infix("@", ones, x.full)


@written.register
def _(operation: ops.Sum, operands: Sequence[Value], site: Site) -> list[Value]:
    return reduced("sum", operands[0], range(len(operation.N.shape)), site)


@written.register
def _(operation: ops.NAdd, operands: Sequence[Value], site: Site) -> list[Value]:
    return reduced("sum", operands[0], range(-len(operation.T.shape), 0), site)


@written.register
def _(operation: ops.NMax, operands: Sequence[Value], site: Site) -> list[Value]:
    return reduced("max", operands[0], range(-len(operation.T.shape), 0), site)


@written.register
def _(operation: ops.NSplit, operands: Sequence[Value], site: Site) -> list[Value]:
    [x] = operands
    if x.number is not None:
        return [Value.constant(operation.T, x.number)] * operation.k
    whole = site.once(x.full, "pairs" if operation.k == 2 else "split", is_view=True)
    parts = (view(whole, f"[..., {i}]") for i in range(operation.k))
    return [Value(part, operation.T, operation.T.shape, is_scattered=True) for part in parts]


@written.register
def _(_operation: ops.NConcatenate, operands: Sequence[Value], site: Site) -> list[Value]:
    if not operands:
        return [Value(Value.constant(site.result, 0).full, site.result, site.result.shape)]
    parts = ", ".join(x.full.text for x in operands)
    return [Value(call("np.stack", f"[{parts}]", "axis=-1"), site.result, site.result.shape)]


@written.register
def _(operation: ops.Reshape, operands: Sequence[Value], site: Site) -> list[Value]:
    x = reshaped(operands[0], operation.Y.shape)
    return [x._replace(code=site.once(x.code))]


@written.register
def _(operation: ops.Permute, operands: Sequence[Value], _site: Site) -> list[Value]:
    return [permuted(operands[0], operation.p)]


################################################################################
# Contractions and definitions


@written.register
def _(operation: ops.MatrixMultiply, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = operands
    product = integers.matrix_product(a.full, b.full, operation, site)
    return [Value(product, site.result, site.result.shape)]


@written.register
def _(operation: ops.Compose, operands: Sequence[Value], site: Site) -> list[Value]:
    a, b = operands
    return [composition(operation, a, b, site)]


@written.register
def _(operation: Definition | PythonOp, operands: Sequence[Value], site: Site) -> list[Value]:
    name, pointwise = site.definition(operation)
    results = site.results
    is_new = site.owned(name) == (True,)
    if pointwise and len(operands) == 1 and operands[0].number is None:
        [x] = operands
        return [Value(call(name, x.code)._replace(is_new=is_new), T, x.shape) for T in results]
    applied = call(name, *(x.full for x in operands))._replace(is_new=is_new)
    return [Value(applied, T, T.shape) for T in results]

"""The bodies of kernels as Python expressions, traced to programs of core operations.

    where(x[i] > 0, x[i], 0.1 * x[i])

A body is evaluated once, with `Scalar` in the place of numbers, when a kernel gets its types.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, Operation, obj
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.kernel import IntArray, KernelError, scalar
from catgrad.kernel.refusals import Refusing
from catgrad.kernel.scalars import ScalarProgram

_serial = count()


@dataclass(frozen=True, eq=False, repr=False)
class Scalar(Refusing):
    """One number of a kernel's body, different at each point: what an expression computes.

    - ``T``: its type, an array without axes
    - ``operation``: what computes it, from the `operands`; None where it is read from an array
    - ``place``: where it is read
    - ``serial``: grows from operands to results
    """

    T: NdArrayType
    operation: Operation | None
    operands: tuple[Scalar, ...] = ()
    place: Any = None
    serial: int = field(default_factory=_serial.__next__)

    def __add__(self, other: Operand) -> Scalar:
        return _joined(ops.Add, self, other)

    def __radd__(self, other: Operand) -> Scalar:
        return _joined(ops.Add, other, self)

    def __sub__(self, other: Operand) -> Scalar:
        return _joined(ops.Subtract, self, other)

    def __rsub__(self, other: Operand) -> Scalar:
        return _joined(ops.Subtract, other, self)

    def __mul__(self, other: Operand) -> Scalar:
        return _joined(ops.Multiply, self, other)

    def __rmul__(self, other: Operand) -> Scalar:
        return _joined(ops.Multiply, other, self)

    def __truediv__(self, other: Operand) -> Scalar:
        return _joined(lambda T, _: ops.Divide(T), self, other)

    def __rtruediv__(self, other: Operand) -> Scalar:
        return _joined(lambda T, _: ops.Divide(T), other, self)

    def __neg__(self) -> Scalar:
        return _applied(ops.Negate(self.T), self)

    def __abs__(self) -> Scalar:
        return _applied(ops.Abs(self.T), self)

    def __pow__(self, exponent: int) -> Scalar:
        if not isinstance(exponent, int) or exponent == 0:
            raise KernelError(
                f"Cannot raise a number of a kernel to the power {exponent!r}; "
                f"use a whole power other than 0, or exp and log."
            )
        if exponent < 0:
            if self.T.dtype is Dtype.int32:  # whose quotients are rounded down
                raise KernelError(
                    f"Cannot raise an integer of a kernel to the power {exponent}; "
                    f"use a power of at least 1, or numbers with a floating point."
                )
            return 1 / self**-exponent
        if exponent == 1:
            return self
        half = self ** (exponent // 2)
        return half * half * self if exponent % 2 else half * half

    def __gt__(self, other: Operand) -> Scalar:
        return _joined(ops.Gt, self, other)

    def __ge__(self, other: Operand) -> Scalar:
        return _joined(ops.Ge, self, other)

    def __lt__(self, other: Operand) -> Scalar:
        return _joined(ops.Lt, self, other)

    def __le__(self, other: Operand) -> Scalar:
        return _joined(ops.Le, self, other)

    def __eq__(self, other: Operand) -> Scalar:  # type: ignore[override]
        return _joined(ops.Eq, self, other)

    def __ne__(self, other: Operand) -> Scalar:  # type: ignore[override]
        return _joined(ops.Ne, self, other)

    def __bool__(self) -> bool:
        raise KernelError(
            "The body of a kernel cannot branch on a number, since it stands for all points at "
            "once; use where(condition, a, b), maximum(a, b) or minimum(a, b)."
        )

    def __repr__(self) -> str:
        return str(self.place or f"the result of {type(self.operation).__name__}")

    def refusal(self, attempt: str) -> KernelError:
        return KernelError(
            f"The body of a kernel cannot use {attempt} on a number; "
            f"use + - * / **, comparisons and where(condition, a, b)."
        )


Operand = Scalar | int | float


def maximum(a: Operand, b: Operand) -> Scalar:
    """The greater of two numbers."""
    return _joined(ops.Maximum, a, b)


def minimum(a: Operand, b: Operand) -> Scalar:
    """The lesser of two numbers."""
    return _joined(ops.Minimum, a, b)


def clamp(x: Scalar, low: float, high: float) -> Scalar:
    """`x`, held between two constants."""
    return minimum(maximum(x, low), high)


def where(condition: Scalar, a: Operand, b: Operand) -> Scalar:
    """`a` where the condition holds, else `b`. A condition is a comparison, such as ``x > 0``."""
    if isinstance(condition, bool):  # what comparing two indices gives
        raise KernelError(
            f"The body of a kernel cannot choose by {condition}, which is the same at all points; "
            f"compare elements of its arrays, as in x[i] == 2."
        )
    _require_scalar("choose by", condition)
    x, y = (
        _beside(a, b if isinstance(b, Scalar) else condition),
        _beside(b, a if isinstance(a, Scalar) else condition),
    )
    select = ops.Select(x.T, y.T)
    return _applied(select, _as_bits(condition, select.bits), x, y)


def _as_bits(condition: Scalar, bits: NdArrayType) -> Scalar:
    """A condition on numbers of another dtype than those that it chooses from."""
    if bits == condition.T:
        return condition
    if not (isinstance(condition.T.dtype, Dtype) and isinstance(bits.dtype, Dtype)):
        raise KernelError(
            f"The body of a kernel cannot choose numbers by a condition of dtype "
            f"{condition.T.dtype} where it takes {bits.dtype}; use fixed-point numbers in both, "
            f"or in neither."
        )
    return _applied(ops.Convert(condition.T, bits.dtype), condition)


def _function(kind: Callable[[NdArrayType], Operation], x: Scalar) -> Scalar:
    _require_scalar(f"take {kind.__name__.lower()} of", x)
    return _applied(kind(x.T), x)


def _require_scalar(attempt: str, x: object) -> None:
    if not isinstance(x, Scalar):
        raise KernelError(
            f"The body of a kernel cannot {attempt} {x!r}, which is not an expression of "
            f"elements of its arrays, such as x[i]; compute constants by Python alone."
        )


def exp(x: Scalar) -> Scalar:
    """e to the power of `x`."""
    return _function(ops.Exp, x)


def log(x: Scalar) -> Scalar:
    """The natural logarithm."""
    return _function(ops.Log, x)


def sqrt(x: Scalar) -> Scalar:
    """The square root."""
    return _function(ops.Sqrt, x)


def tanh(x: Scalar) -> Scalar:
    """The hyperbolic tangent."""
    return _function(ops.Tanh, x)


def sigmoid(x: Scalar) -> Scalar:
    """``1 / (1 + exp(-x))``, by way of tanh, which never overflows."""
    _require_scalar("take sigmoid of", x)
    return 0.5 * tanh(0.5 * x) + 0.5


def sin(x: Scalar) -> Scalar:
    """The sine."""
    return _function(ops.Sin, x)


def cos(x: Scalar) -> Scalar:
    """The cosine."""
    return _function(ops.Cos, x)


def constant(value: float, beside: NdArrayType) -> Scalar:
    """A number of the dtype of `beside`; where that is `Fixed`, the number as it is."""
    T = scalar(beside.dtype)
    if isinstance(T.dtype, Fixed):
        mantissa, denominator = value.as_integer_ratio()  # a power of two
        fraction = denominator.bit_length() - 1
        exact = Fixed.holding(mantissa, mantissa, fraction)
        T, value = T.with_dtype(exact), mantissa
    return Scalar(T, ops.Constant(T, value))


def _beside(x: Operand, other: Operand) -> Scalar:
    """An operand, which if it is a number is of the dtype of the other."""
    if isinstance(x, Scalar):
        return x
    if not isinstance(x, int | float) or not isinstance(other, Scalar):
        found = x if isinstance(other, Scalar) else other
        remedy = "use elements of its arrays, such as x[i], and numbers"
        raise KernelError(
            f"The body of a kernel cannot compute with {found!r}; "
            f"{getattr(found, 'remedy', remedy)}."
        )
    return constant(x, other.T)


def _joined(
    kind: Callable[[NdArrayType, NdArrayType], Operation], a: Operand, b: Operand
) -> Scalar:
    x, y = _beside(a, b), _beside(b, a)
    return _applied(kind(x.T, y.T), x, y)


def _applied(operation: Operation, *operands: Scalar) -> Scalar:
    found = obj(*(x.T for x in operands))
    if operation.source() != found:
        raise KernelError(
            f"The body of a kernel gives {type(operation).__name__} numbers of {found}, where it "
            f"takes {operation.source()}; let all arrays in an expression have one dtype."
        )
    [T] = operation.target()
    return Scalar(T, operation, operands)


def traced(result: Scalar) -> tuple[list[Scalar], OpenHypergraph]:
    """What an expression reads, in order of first use, and its program from these to its value.

    >>> from catgrad.core.types import Dtype
    >>> T = scalar(Dtype.float32)
    >>> x, y = Scalar(T, None, place="x"), Scalar(T, None, place="y")
    >>> reads, body = traced((x - y) ** 2)
    >>> [read.place for read in reads], len(body.H.x)
    (['x', 'y'], 2)
    """
    found, waiting = {result.serial: result}, [result]
    while waiting:
        for operand in waiting.pop().operands:
            if operand.serial not in found:
                found[operand.serial] = operand
                waiting.append(operand)
    program = ScalarProgram()
    wires: dict[int, IntArray] = {}
    reads: dict[Hashable, Scalar] = {}
    for serial in sorted(found):
        node = found[serial]
        if node.operation is not None:
            operands = [wires[x.serial] for x in node.operands]
            [wires[serial]] = program.operate(node.operation, np.array(operands, dtype=np.int64))
        elif node.place in reads:
            wires[serial] = wires[reads[node.place].serial]
        else:
            wires[serial], reads[node.place] = program.wires(node.T, ()), node
    inputs = np.array([wires[x.serial] for x in reads.values()], dtype=np.int64)
    return [*reads.values()], program.build(inputs, np.array([wires[result.serial]]))

"""Fixed point in NumPy: arrays of int64 mantissas.

Every value that arises on the way has to fit, so formats of more than `WIDEST` bits are refused:
NumPy would wrap around without a word. Its sixty-fourth bit is left for the halves that rounding
adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from catgrad.core import exact
from catgrad.core import operation as ops
from catgrad.core.constants import rounded
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import Dtype, Fixed, NdArrayType, Shape
from catgrad.errors import CatgradError
from catgrad.target.python.code import Code, call, infix, literal, method
from catgrad.target.python.values import Value, storage

WIDEST = 63
"""Bits of the widest signed format whose values an int64 carries through rounding."""

EXACT_IN_FLOAT = Fixed(54, 0)
"""Integers that a float64 holds, as it does all those of lesser magnitude."""

WORTH_FLOAT = 8192
"""Products in a contraction from which conversion to float64 and back costs less than it saves."""


class Site(Protocol):
    """The place of an operation in the source."""

    @property
    def function(self) -> str:
        """The name of the function around it."""

    @property
    def wire(self) -> str:
        """The name of its first result."""

    @property
    def result(self) -> NdArrayType:
        """The type of its first result."""

    @property
    def results(self) -> list[NdArrayType]:
        """The types of all its results."""

    @property
    def takes_conditions(self) -> bool:
        """Whether every reader of the result can do with truth values."""

    def helper(self, name: str) -> str:
        """The name of one of `HELPERS`, which the source will then hold."""

    def table(self, name: str, entries: tuple[int, ...]) -> str:
        """The name of a table of integers, which the source will then hold."""

    def constant(self, name: str, code: Code) -> Code:
        """An array that does not depend on any argument, made once for all calls."""

    def once(self, code: Code, stem: str = "", is_view: bool = False) -> Code:
        """A copy of an array, by the name that it has, or is given now: the stem, or the wire.

        Of a view there is no copy; it gets a name only where this is asked for.
        """

    def is_known(self, code: Code) -> bool:
        """Whether a copy has a name."""

    def rounded(self, code: Code, form: Fixed) -> Code:
        """The rounded operand, by name where it is wanted more than once."""


def require_width(function: str, wire: str, form: Fixed) -> None:
    """Refuse a format that int64 cannot carry."""
    if not Fixed(WIDEST, 0).holds(form.min, form.max):
        raise CatgradError(
            f"{function}: wire {wire} would hold {form}, {form.width} bits, but integer NumPy "
            f"carries signed formats of up to {WIDEST}; use narrower formats for its operands."
        )


def aligned(operation: Any, operands: Sequence[Value], site: Site) -> Sequence[Value]:
    """Two operands with their binary points brought together, where they are of `Fixed` type."""
    if not isinstance(operation.T.dtype, Fixed):
        return operands
    a, b = (value.type.fixed for value in operands)
    fraction, *shifts = exact.aligned(a, b)
    for form, shift in zip((a, b), shifts, strict=True):
        # A sum has room for either operand, but a comparison has no result to make room in.
        wide = Fixed(form.width + shift, fraction, form.signed)
        require_width(site.function, f"{site.wire} (an operand, aligned)", wide)
    return [value.aligned(shift) for value, shift in zip(operands, shifts, strict=True)]


def bits(condition: Code, site: Site, shape: Shape) -> Value:
    """Ones and zeros from truth values, or the truth values, where these will do."""
    if site.result.dtype is Dtype.bool:
        return Value(condition, site.result, shape)
    if site.takes_conditions:
        return Value(condition, site.result, shape, is_condition=True)
    numbers = method(condition, "astype", f"np.{storage(site.result)}")
    return Value(numbers, site.result, shape)


def matrix_product(x: Code, y: Code, operation: Any, site: Site) -> Code:
    """The contraction ``x @ y``, carried in floating point where that pays."""
    T = site.result
    if (
        isinstance(T.dtype, Fixed)
        and EXACT_IN_FLOAT.holds(T.dtype.min, T.dtype.max)
        and T.size * operation.B.size >= WORTH_FLOAT
    ):
        return call(site.helper("matmul"), x, y)
    return infix("@", x, y)


def requantise(operation: ops.Requantise, x: Value, site: Site) -> Value:
    """A change of format."""
    form = operation.dtype
    code, (low, high) = _rounded(operation, x, site)
    if not form.holds(low, high):
        contain = "saturate" if operation.overflow is Overflow.SATURATE else "wrap"
        code = call(site.helper(contain), code, str(form.min), str(form.max))
    return Value(code, site.result, x.shape)


def in_range(operation: ops.InRange, x: Value, site: Site) -> Value:
    """Whether a change of format would not overflow."""
    form = operation.dtype
    code, _ = _rounded(operation, x, site)
    condition = call(site.helper("fits"), code, str(form.min), str(form.max))
    return bits(condition, site, x.shape)


def lookup(operation: ops.Lookup, x: Value, site: Site) -> Value:
    """An entry of a table for each mantissa."""
    table, index = site.table(operation.name, operation.entries), x.code
    if operation.T.fixed.signed:
        index = infix("&", index, literal(len(operation.entries) - 1))
    entry = Code(f"{table}[{index.text}]", operations=x.code.operations + 1)
    return Value(entry, site.result, x.shape)


def shift_of(operation: ops.Requantise | ops.InRange) -> int:
    """How many bits a change of format drops."""
    return operation.T.fixed.fraction - operation.dtype.fraction


def _rounded(
    operation: ops.Requantise | ops.InRange, x: Value, site: Site
) -> tuple[Code, tuple[int, int]]:
    """A mantissa with its fraction changed and its magnitude not yet, and the range of that."""
    source, shift = operation.T.fixed, shift_of(operation)
    low, high = (rounded(end, shift, operation.rounding) for end in (source.min, source.max))
    form = Fixed.holding(low, high, operation.dtype.fraction)
    require_width(site.function, f"{site.wire} (before it is brought into range)", form)
    if shift <= 0:
        return x.aligned(-shift).code, (low, high)
    # No format has more bits than WIDEST, so nothing but its sign is left of a longer shift.
    places = literal(min(shift, WIDEST))
    match operation.rounding:
        case Rounding.TRUNCATE:
            code = infix(">>", x.code, places)
        case Rounding.HALF_UP | Rounding.HALF_EVEN:
            code = call(site.helper(operation.rounding.value), x.code, places)
    return site.rounded(code, form), (low, high)

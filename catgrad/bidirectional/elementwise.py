"""Number by number in B: products, quotients, powers, comparisons, and choices."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from catgrad.bidirectional.linear import constant, copy, discard, increment, negate, subtract, zero
from catgrad.bidirectional.optic import Flat, InCore, Lens, copy_core, rewired, zero_core
from catgrad.combinators import Canonical, canonical, identity, twist
from catgrad.core import operation as ops
from catgrad.core.operation import Scalar
from catgrad.core.types import NdArrayType, obj, op, require
from catgrad.hypergraph import Labels, OpenHypergraph

################################################################################
# Products, quotients, powers


def _require_floating(operation: object, T: NdArrayType) -> None:
    require(T.is_floating, operation, f"is not defined on {T}", "use a floating-point dtype")


class Multiply(ops.Multiply, InCore, Lens):
    """``x * y``."""

    def rev(self) -> OpenHypergraph:
        # x ──╮ ╭── y ──╮
        #     ╳         ○── x'
        # y ──╯ ╰── x ─╮│
        #        ╭─────┼╯
        # dy ────●     ○─── y'
        #        ╰─────╯
        T = obj(self.T)
        crossed = twist(T, T) @ copy(T)
        interleaved = identity(T) @ twist(T, T) @ identity(T)
        return crossed >> interleaved >> (op(Multiply(self.T)) @ op(Multiply(self.T)))


@dataclass(frozen=True)
class Divide(ops.Divide, InCore):
    """``x / y``. The forward map keeps the quotient and `y`."""

    def __post_init__(self) -> None:
        _require_floating(self, self.T)

    def residual(self) -> Labels:
        return obj(self.T, self.T)

    def fwd(self) -> OpenHypergraph:
        # x ───╮
        #     (/)──●── z
        # y ─●─╯   ╰── z
        #    ╰──────── y
        T = obj(self.T)
        quotient = op(self) >> copy_core(T)
        return (identity(T) @ copy_core(T)) >> (quotient @ identity(T))

    def rev(self) -> OpenHypergraph:
        # x' = dz / y  and  y' = -z x'
        z, y, dz = range(3)
        T = obj(self.T)
        x = rewired(T + T + T, [dz, y, z]) >> (op(Divide(self.T)) @ identity(T))
        return x >> rewired(T + T, [0, 0, 1]) >> (identity(T) @ (multiply(T) >> negate(T)))


class Power(ops.Power, InCore):
    """``x ** y``. The forward map keeps the power and both operands."""

    def __post_init__(self) -> None:
        _require_floating(self, self.T)

    def residual(self) -> Labels:
        return obj(self.T, self.T, self.T)

    def fwd(self) -> OpenHypergraph:
        T = obj(self.T)
        return copy_core(T + T) >> ((op(self) >> copy_core(T)) @ identity(T + T))

    def rev(self) -> OpenHypergraph:
        # x' = y x^(y-1) dz  and  y' = z log(x) dz, where log(0) stands for 0, and so does 0^-1
        # where y is 0
        z, x, y, dz = range(4)
        T = obj(self.T)
        is_zero = (identity(T) @ zero(T)) >> eq(T)
        lessened = rewired(T, [0, 0, 0]) >> (is_zero @ identity(T) @ increment(-1)(T)) >> select(T)
        slope = (identity(T + T) @ lessened) >> (identity(T) @ power(T)) >> multiply(T)
        logarithm = rewired(T, [0, 0]) >> (is_zero @ identity(T))
        logarithm = logarithm >> (identity(T) @ constant(1)(T) @ identity(T)) >> select(T)
        logarithm = logarithm >> op(ops.Log(self.T))
        growth = (identity(T) @ logarithm) >> multiply(T)
        read = rewired(T + T + T + T, [y, x, y, dz, z, x, dz])
        return read >> ((slope @ identity(T)) >> multiply(T)) @ (
            (growth @ identity(T)) >> multiply(T)
        )


@dataclass(frozen=True)
class Exponentiate(Lens):
    """``x ** s`` for a constant `s`."""

    T: NdArrayType
    s: Scalar

    def __post_init__(self) -> None:
        _require_floating(self, self.T)

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def to_core(self) -> OpenHypergraph:
        if self.s == 1:
            return identity(obj(self.T))
        if self.s == 2:
            return op(ops.Copy(self.T)) >> op(ops.Multiply(self.T))
        return (identity(obj(self.T)) @ op(ops.Constant(self.T, self.s))) >> op(ops.Power(self.T))

    def rev(self) -> OpenHypergraph:
        # x ──[ s x^(s-1) ]──╮
        #                    ○── x'
        # dy ────────────────╯
        T = obj(self.T)
        if self.s == 0:  # a constant, at x = 0 too
            return discard(T + T) >> zero(T)
        slope = op(Exponentiate(self.T, self.s - 1)) >> scale(self.s)(T)
        return (slope @ identity(T)) >> multiply(T)


################################################################################
# Choices, whose reverse map gives a change to the operand that was chosen


class Masked(ops.Select):
    """A choice whose last operand is 0 throughout."""


class Mask(ops.Mask, InCore):
    """`x` where the bit is 1, else 0, also where `x` is infinite. The forward map keeps the bits.

    The source of a `Mask` of C is a product with the bits, which is faster than a choice, where
    the numbers are finite unless they overflow; where they come from an operation that may divide
    by 0, such as the reverse of a root, it is a choice (`catgrad.target.python.finite`).
    """

    def to_core(self) -> OpenHypergraph:
        if not self.T.is_floating:
            return super().to_core()
        T, M = obj(self.T), obj(self.bits)
        return (twist(T, M) @ zero_core(T)) >> op(Masked(self.T))

    def residual(self) -> Labels:
        return obj(self.bits)

    def fwd(self) -> OpenHypergraph:
        M = obj(self.bits)
        return (identity(obj(self.T)) @ copy_core(M)) >> (op(self) @ identity(M))

    def rev(self) -> OpenHypergraph:
        M = obj(self.bits)
        return (twist(M, obj(self.T)) >> op(self)) @ zero_core(M)


class Select(ops.Select, InCore):
    """`x` where the bit is 1, else `y`. The forward map keeps the bits."""

    def residual(self) -> Labels:
        return obj(self.bits)

    def fwd(self) -> OpenHypergraph:
        M = obj(self.bits)
        return rewired(self.source(), [0, 1, 2, 0]) >> (op(self) @ identity(M))

    def rev(self) -> OpenHypergraph:
        return zero_core(obj(self.bits)) @ chosen(self.T)


class _Extremum(InCore):
    """One of two numbers. The forward map keeps whether it is the first."""

    T: NdArrayType

    @abstractmethod
    def first(self) -> OpenHypergraph:
        """``T ● T → bits``: where the first number is chosen."""

    def residual(self) -> Labels:
        return obj(ops.bits_of(self.T))

    def fwd(self) -> OpenHypergraph:
        return copy_core(self.source()) >> (op(self) @ self.first())

    def rev(self) -> OpenHypergraph:
        return chosen(self.T)


class Maximum(ops.Maximum, _Extremum):
    """The greater of `x` and `y`; of two equal ones the change is that of the first."""

    def first(self) -> OpenHypergraph:
        return op(Ge(self.T))


class Minimum(ops.Minimum, _Extremum):
    """The lesser of `x` and `y`; of two equal ones the change is that of the first."""

    def first(self) -> OpenHypergraph:
        return op(Le(self.T))


def chosen(T: NdArrayType) -> OpenHypergraph:
    """``bits ● T → T ● T``: a change goes to the first where the bit is 1, else to the second.

    ::

        bits ──●───╮
               │   Mask ────── x'
          dz ──┼─●─╯
               │ ╰─────╮
               ╰─── Select ─── y'
                0 ─────╯
    """
    bits, dz, nothing = range(3)
    A = obj(T)
    read = (identity(obj(ops.bits_of(T))) @ identity(A) @ zero_core(A)) >> rewired(
        obj(ops.bits_of(T), T, T), [dz, bits, bits, nothing, dz]
    )
    return read >> (op(ops.Mask(T)) @ op(ops.Select(T)))


################################################################################
# Comparisons


class Gt(ops.Gt, InCore, Flat):
    """``x > y``."""


class Ge(ops.Ge, InCore, Flat):
    """``x >= y``."""


class Lt(ops.Lt, InCore, Flat):
    """``x < y``."""


class Le(ops.Le, InCore, Flat):
    """``x <= y``."""


class Eq(ops.Eq, InCore, Flat):
    """``x == y``."""


class Ne(ops.Ne, InCore, Flat):
    """``x != y``."""


################################################################################
# On every wire of an object

multiply = canonical(lambda T: op(Multiply(T)), "multiply")
divide = canonical(lambda T: op(Divide(T)), "divide")
power = canonical(lambda T: op(Power(T)), "power")
minimum = canonical(lambda T: op(Minimum(T)), "minimum")
maximum = canonical(lambda T: op(Maximum(T)), "maximum")
select = canonical(lambda T: op(Select(T)), "select")
mask = canonical(lambda T: op(Mask(T)), "mask")
gt = canonical(lambda T: op(Gt(T)), "gt")
ge = canonical(lambda T: op(Ge(T)), "ge")
lt = canonical(lambda T: op(Lt(T)), "lt")
le = canonical(lambda T: op(Le(T)), "le")
eq = canonical(lambda T: op(Eq(T)), "eq")
ne = canonical(lambda T: op(Ne(T)), "ne")


def scale(c: Scalar) -> Canonical:
    """``c * x``."""
    return lambda A: (constant(c)(A) @ identity(A)) >> multiply(A)


def exponentiate(s: Scalar) -> Canonical:
    """``x ** s``."""
    return canonical(lambda T: op(Exponentiate(T, s)), f"exponentiate({s})")


def gt_constant(c: Scalar) -> Canonical:
    """``x > c``."""
    return lambda A: (identity(A) @ constant(c)(A)) >> gt(A)


def clamp(low: Scalar, high: Scalar) -> Canonical:
    """`x` held between two numbers; a change passes where `x` lies between them or is one."""
    return lambda A: (
        (identity(A) @ constant(low)(A))
        >> maximum(A)
        >> ((identity(A) @ constant(high)(A)) >> minimum(A))
    )


def complement(A: Labels) -> OpenHypergraph:
    """``1 - x``."""
    return (constant(1)(A) @ identity(A)) >> subtract(A)

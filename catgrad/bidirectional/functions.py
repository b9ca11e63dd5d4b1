"""Functions of one number in B, each keeping for its reverse map what makes that cheapest."""

from __future__ import annotations

from catgrad.bidirectional.elementwise import complement, divide, multiply, scale
from catgrad.bidirectional.linear import negate
from catgrad.bidirectional.optic import Flat, InCore, KeepsOutput, Lens, copy_core, rewired
from catgrad.combinators import Canonical, canonical, identity, twist
from catgrad.core import operation as ops
from catgrad.core.types import Dtype, obj, op
from catgrad.hypergraph import Labels, OpenHypergraph


class Exp(ops.Exp, InCore, KeepsOutput):
    """``e ** x``."""

    def rev(self) -> OpenHypergraph:
        # x' = y dy
        return multiply(obj(self.T))


class Log(ops.Log, InCore, Lens):
    """The natural logarithm."""

    def rev(self) -> OpenHypergraph:
        # x' = dy / x
        T = obj(self.T)
        return twist(T, T) >> divide(T)


class Sqrt(ops.Sqrt, InCore, KeepsOutput):
    """The square root."""

    def rev(self) -> OpenHypergraph:
        # x' = dy / 2y
        T = obj(self.T)
        return twist(T, T) >> (identity(T) @ scale(2)(T)) >> divide(T)


class ReciprocalSqrt(ops.ReciprocalSqrt, InCore, KeepsOutput):
    """``1 / sqrt(x)``."""

    def rev(self) -> OpenHypergraph:
        # x' = -dy/2 y y y
        T = obj(self.T)
        cube = (square(T) @ identity(T)) >> multiply(T)
        return rewired(T + T, [0, 0, 1]) >> (cube @ scale(-0.5)(T)) >> multiply(T)


class Reciprocal(ops.Reciprocal, InCore, KeepsOutput):
    """``1 / x``."""

    def rev(self) -> OpenHypergraph:
        # x' = -(y y dy)
        T = obj(self.T)
        return (square(T) @ identity(T)) >> multiply(T) >> negate(T)


class Tanh(ops.Tanh, InCore, KeepsOutput):
    """The hyperbolic tangent."""

    def rev(self) -> OpenHypergraph:
        # x' = (1 - y y) dy
        T = obj(self.T)
        return ((square(T) >> complement(T)) @ identity(T)) >> multiply(T)


class Sin(ops.Sin, InCore, Lens):
    """The sine."""

    def rev(self) -> OpenHypergraph:
        # x' = cos(x) dy
        T = obj(self.T)
        return (op(Cos(self.T)) @ identity(T)) >> multiply(T)


class Cos(ops.Cos, InCore, Lens):
    """The cosine."""

    def rev(self) -> OpenHypergraph:
        # x' = -(sin(x) dy)
        T = obj(self.T)
        return (op(Sin(self.T)) @ identity(T)) >> multiply(T) >> negate(T)


class Abs(ops.Abs, InCore, Lens):
    """``|x|``; at 0 nothing changes."""

    def rev(self) -> OpenHypergraph:
        # x' = sign(x) dy
        T = obj(self.T)
        return (op(Sign(self.T)) @ identity(T)) >> multiply(T)


class Sign(ops.Sign, InCore, Flat):
    """1, 0 or -1, as `x` is positive, zero or negative."""


class Convert(ops.Convert, InCore, Flat):
    """The same numbers in another dtype; between floating-point dtypes a change converts back."""

    def rev(self) -> OpenHypergraph:
        dtype = self.T.dtype
        if isinstance(dtype, Dtype) and dtype.is_floating() and self.dtype.is_floating():
            return op(ops.Convert(self.T.with_dtype(self.dtype), dtype))
        return super().rev()


def square(A: Labels) -> OpenHypergraph:
    """``x * x``, in forward and reverse maps."""
    return copy_core(A) >> multiply(A)


exp = canonical(lambda T: op(Exp(T)), "exp")
log = canonical(lambda T: op(Log(T)), "log")
sqrt = canonical(lambda T: op(Sqrt(T)), "sqrt")
reciprocal_sqrt = canonical(lambda T: op(ReciprocalSqrt(T)), "reciprocal_sqrt")
reciprocal = canonical(lambda T: op(Reciprocal(T)), "reciprocal")
tanh = canonical(lambda T: op(Tanh(T)), "tanh", "The hyperbolic tangent.")
sin = canonical(lambda T: op(Sin(T)), "sin")
cos = canonical(lambda T: op(Cos(T)), "cos")
absolute = canonical(lambda T: op(Abs(T)), "absolute")
sign = canonical(lambda T: op(Sign(T)), "sign")


def convert(dtype: Dtype) -> Canonical:
    """The same numbers in another dtype."""
    return canonical(lambda T: op(Convert(T, dtype)), f"convert({dtype})")

"""Operations that say what a program is to be in fixed point.

Where a filter has to keep every bit, or to lose its carries on purpose, the model says so itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.optic import Dagger, Lens
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import canonical, identity
from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op, require
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.special.definition import Definition


@dataclass(frozen=True)
class Same(Dagger):
    """`x` itself: a wire in every form of a program, of which more is known."""

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def to_core(self) -> OpenHypergraph:
        return identity(obj(self.T))

    def dagger(self) -> OpenHypergraph:
        return identity(obj(self.T))


class Unrounded(Same):
    """``x``, as exact in fixed point as the operation that it comes from makes it."""


unrounded = canonical(lambda T: op(Unrounded(T)), "unrounded", "The exact number itself.")


@dataclass(frozen=True)
class Recursion(Same):
    """`x`, the memory of recursions one after another, which have to be stable in fixed point too.

    - `sections`: the a₁ and a₂ of each, ``y[n] = ... - a₁ y[n-1] - a₂ y[n-2]``
    """

    sections: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Reach(Same):
    """`x`, the `what` of a block, which goes from 0 to `most` in steps of `rate` times the data; in
    fixed point it has to have a format for that."""

    what: str
    most: float
    rate: float


@dataclass(frozen=True)
class Formatted(Same):
    """`x`, in fixed point as a number of `form`, whatever the formats of a program say.

    It is rounded and, where it is out of range, saturated and counted, as wherever a format ends;
    where `x` has that format it is a wire. Over floats it is `x` itself.
    """

    form: Fixed

    def __post_init__(self) -> None:
        require(
            self.T.is_floating, self, f"is not defined on {self.T}", "use a floating-point dtype"
        )


@dataclass(frozen=True)
class Written(Definition, Dagger):
    """``I → T``, the number ``mantissa * form.step``, which fixed point has to the last bit.

    Other constants are rounded to 16 significant bits, or the resolution of the data.
    """

    T: NdArrayType
    form: Fixed
    mantissa: int

    def __post_init__(self) -> None:
        require(
            self.form.holds(self.mantissa, self.mantissa),
            self,
            f"cannot hold the mantissa {self.mantissa} in {self.form}",
            f"give an integer from {self.form.min} to {self.form.max}",
        )

    def symbol(self) -> str:
        return "written"

    def source(self) -> Labels:
        return obj()

    def target(self) -> Labels:
        return obj(self.T)

    def arrow(self) -> OpenHypergraph:
        return op(ops.Constant(self.T, self.mantissa * self.form.step))

    def to_core(self) -> OpenHypergraph:
        return op(self)

    def dagger(self) -> OpenHypergraph:
        return op(ops.Discard(self.T))


@dataclass(frozen=True)
class Wrap(Definition, Dagger):
    """`x` brought into the range of `form` by adding whole multiples of its width.

    In fixed point it is a number of `form` whose carries are lost, which is no saturation and is
    not counted. A change passes as it is.

    >>> wrap = Wrap(NdArrayType((), Dtype.float32), Fixed(8, 7))
    >>> wrap.low, wrap.span
    (-1.0, 2.0)
    """

    T: NdArrayType
    form: Fixed

    def __post_init__(self) -> None:
        require(
            self.T.is_floating, self, f"is not defined on {self.T}", "use a floating-point dtype"
        )

    @property
    def low(self) -> float:
        """The least number of the range."""
        return self.form.min * self.form.step

    @property
    def span(self) -> float:
        """The width of the range."""
        return math.ldexp(1.0, self.form.width - self.form.fraction)

    def symbol(self) -> str:
        return "wrap"

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def arrow(self) -> OpenHypergraph:
        def body(x: Wire) -> Wire:
            turns = (x - self.low) * (1 / self.span)
            whole = call(B.Convert(self.T.with_dtype(Dtype.int32), self._dtype), self._cut(turns))
            # Convert cuts toward zero; of numbers below 0 the floor is one less.
            floor = call(B.Select(self.T), whole > turns, whole - 1, whole)
            return x - self.span * floor

        return forget(program(obj(self.T), body))

    @property
    def _dtype(self) -> Dtype:
        assert isinstance(self.T.dtype, Dtype)
        return self.T.dtype

    def _cut(self, turns: Wire) -> Wire:
        return call(B.Convert(self.T, Dtype.int32), turns)

    def to_core(self) -> OpenHypergraph:
        return op(self)

    def dagger(self) -> OpenHypergraph:
        return identity(obj(self.T))


@dataclass(frozen=True)
class _OfHalfTurns(Definition, Lens):
    """A function of an angle in half turns: -1 and 1 are the same angle."""

    T: NdArrayType

    def __post_init__(self) -> None:
        require(
            self.T.is_floating, self, f"is not defined on {self.T}", "use a floating-point dtype"
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def to_core(self) -> OpenHypergraph:
        return op(self)

    def _radians(self) -> OpenHypergraph:
        return forget(B.scale(math.pi)(obj(self.T)))


class SinPi(_OfHalfTurns):
    """``sin(pi * x)``; in fixed point a table of the leading bits of `x`, without a product."""

    def symbol(self) -> str:
        return "sinpi"

    @staticmethod
    def function(x: float) -> float:
        """The function itself, on one number."""
        return math.sin(math.pi * math.remainder(x, 2))

    def arrow(self) -> OpenHypergraph:
        return self._radians() >> op(ops.Sin(self.T))

    def rev(self) -> OpenHypergraph:
        # x' = pi cos(pi x) dy
        T = obj(self.T)
        return (op(CosPi(self.T)) @ B.scale(math.pi)(T)) >> B.multiply(T)


class CosPi(_OfHalfTurns):
    """``cos(pi * x)``; in fixed point a table of the leading bits of `x`, without a product."""

    def symbol(self) -> str:
        return "cospi"

    @staticmethod
    def function(x: float) -> float:
        """The function itself, on one number."""
        return math.cos(math.pi * math.remainder(x, 2))

    def arrow(self) -> OpenHypergraph:
        return self._radians() >> op(ops.Cos(self.T))

    def rev(self) -> OpenHypergraph:
        # x' = -pi sin(pi x) dy
        T = obj(self.T)
        return (op(SinPi(self.T)) @ B.scale(-math.pi)(T)) >> B.multiply(T)

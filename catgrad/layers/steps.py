"""The lenses that learning rules are chains of: what each does to a gradient, in reverse."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.learning import Rule
from catgrad.bidirectional.optic import Optic, copy_core
from catgrad.bidirectional.wires import Wire, call, calls, program
from catgrad.combinators import identity
from catgrad.core.operation import Scalar
from catgrad.core.types import NdArrayType, TypeMismatch, obj, op, require, require_numbers
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.layers.along import spread, total
from catgrad.special.definition import Named


@dataclass(frozen=True)
class Decay(Rule):
    """``g + rate * p``."""

    rate: Scalar

    def rev(self) -> OpenHypergraph:
        return program(obj(self.T, self.T), lambda p, g: g + self.rate * p)


@dataclass(frozen=True)
class Clip(Rule):
    """Each number of `g` brought into ``-limit .. limit``."""

    limit: Scalar

    def __post_init__(self) -> None:
        require(self.limit > 0, self, f"cannot clip to {self.limit}", "give a positive limit")

    def rev(self) -> OpenHypergraph:
        def body(_p: Wire, g: Wire) -> Wire:
            high, low = (g.draft.constant(self.T, c) for c in (self.limit, -self.limit))
            return call(B.Minimum(self.T), call(B.Maximum(self.T), g, low), high)

        return program(obj(self.T, self.T), body)


@dataclass(frozen=True)
class Delay(Rule):
    """The gradient of `n` steps ago; state: those of the last `n` steps, the newest first."""

    n: int

    def beside(self) -> Labels:
        return obj(self.queue())

    def queue(self) -> NdArrayType:
        """The type of the state."""
        return NdArrayType((self.n, *self.T.shape), self.T.dtype)

    def rev(self) -> OpenHypergraph:
        Q, one = self.queue(), NdArrayType((1, *self.T.shape), self.T.dtype)

        def body(_p: Wire, queue: Wire, g: Wire) -> tuple[Wire, Wire]:
            oldest = call(B.Slice.along(Q, 0, self.n - 1, self.n), queue)
            kept = call(B.Slice.along(Q, 0, 0, self.n - 1), queue)
            entering = call(B.Reshape(self.T, one), g)
            after = (
                call(B.Concatenate((one, kept.T), 0), entering, kept) if self.n > 1 else entering
            )
            return call(B.Reshape(one, self.T), oldest), after

        return program(self.source() + self.target(), body)


@dataclass(frozen=True)
class ClipNorm(Optic):
    """All gradients scaled down together, where their norm exceeds `limit`."""

    types: tuple[NdArrayType, ...]
    limit: Scalar

    def __post_init__(self) -> None:
        require(self.limit > 0, self, f"cannot clip to {self.limit}", "give a positive limit")
        dtypes = sorted({str(T.dtype) for T in self.types})
        require(
            len(dtypes) <= 1,
            self,
            f"needs gradients of one dtype, not of {', '.join(dtypes)}",
            "give all parameters one dtype",
        )

    def source(self) -> Labels:
        return obj(*self.types)

    def target(self) -> Labels:
        return obj(*self.types)

    def to_core(self) -> OpenHypergraph:
        return identity(self.source())

    def residual(self) -> Labels:
        return obj()

    def fwd(self) -> OpenHypergraph:
        return op(self)

    def rev(self) -> OpenHypergraph:
        def body(*gradients: Wire) -> list[Wire]:
            if not gradients:
                return []
            squares = [total(g * g) for g in gradients]
            norm = call(B.Sqrt(squares[0].T), sum(squares[1:], squares[0]))
            # PyTorch's guard against a norm of 0.
            factor = self.limit / (norm + 1e-6)
            factor = call(B.Minimum(factor.T), factor, factor.draft.constant(factor.T, 1))
            return [g * spread(factor, g.T) for g in gradients]

        return program(self.source(), body)


@dataclass(frozen=True)
class Scaled(Rule):
    """``rate * g``, for a scalar `rate` that is read."""

    def beside(self) -> Labels:
        return obj(NdArrayType((), self.T.dtype))

    def rev(self) -> OpenHypergraph:
        A = self.source() + self.target()
        return program(A, lambda _p, rate, g: (spread(rate, self.T) * g, rate))


@dataclass(frozen=True)
class Sign(Rule):
    """The sign of `g`."""

    def rev(self) -> OpenHypergraph:
        return program(obj(self.T, self.T), lambda _p, g: call(B.Sign(g.T), g))


@dataclass(frozen=True)
class Momentum(Rule):
    """``v = decay * v + g``, the new state; and that, or with `nesterov` ``g + decay * v``."""

    decay: Scalar
    nesterov: bool = False

    def beside(self) -> Labels:
        return obj(self.T)

    def rev(self) -> OpenHypergraph:
        def body(_p: Wire, v: Wire, g: Wire) -> tuple[Wire, Wire]:
            v = self.decay * v + g
            return (g + self.decay * v if self.nesterov else v), v

        return program(obj(self.T, self.T, self.T), body)


def require_averages(name: str, **betas: float) -> None:
    """Refuse, in a function called `name`, what is no share of a moving average."""
    require_numbers(name, **betas)
    for argument, beta in betas.items():
        if not 0 <= beta < 1:
            raise TypeMismatch(
                f"{name} cannot average with {argument} = {beta}; give a share of at least 0 and "
                f"below 1, such as 0.9."
            )


def rest(beta: float) -> float:
    """``1 - beta`` of the decimals that were written, which is what source then says.

    >>> rest(0.9), 1 - 0.9
    (0.1, 0.09999999999999998)
    """
    return float(1 - Decimal(str(beta)))


@dataclass(frozen=True)
class Lion(Rule):
    """The sign of one average of `g` and the state; another average is the new state."""

    beta1: float
    beta2: float

    def beside(self) -> Labels:
        return obj(self.T)

    def rev(self) -> OpenHypergraph:
        def body(_p: Wire, m: Wire, g: Wire) -> tuple[Wire, Wire]:
            direction = self.beta1 * m + rest(self.beta1) * g
            return call(B.Sign(g.T), direction), self.beta2 * m + rest(self.beta2) * g

        return program(obj(self.T, self.T, self.T), body)


@dataclass(frozen=True)
class Adam(Rule):
    """The step of Adam; state: ``u = beta1 * u + g`` and ``s = beta2 * s + g**2``.

    It reads two `Corrections`, which turn these sums into averages. So an average takes two
    operations on arrays, where ``beta * m + (1 - beta) * g`` takes three.
    """

    beta1: float
    beta2: float

    def beside(self) -> Labels:
        scalar = NdArrayType((), self.T.dtype)
        return obj(self.T, self.T, scalar, scalar)

    def rev(self) -> OpenHypergraph:
        direction = self._direction()

        def body(_p: Wire, *wires: Wire) -> list[Wire]:
            _, _, scale, epsilon, _ = wires
            return [*calls(direction, *wires), scale, epsilon]

        return program(self.source() + self.target(), body)

    def _direction(self) -> Named:
        """``u ● s ● scale ● epsilon ● g → direction ● u ● s`` of C."""

        def body(u: Wire, s: Wire, scale: Wire, epsilon: Wire, g: Wire) -> tuple[Wire, Wire, Wire]:
            u = self.beta1 * u + g
            s = self.beta2 * s + g * g
            root = call(B.Sqrt(s.T), s)
            return u / (root + spread(epsilon, self.T)) * spread(scale, self.T), u, s

        f = forget(program(self.beside() + self.target(), body))
        names = ("velocity", "square", "scale", "epsilon", "gradient")
        return Named("adam", f, names, ("direction", "new_velocity", "new_square"))


@dataclass(frozen=True)
class Corrections(Optic):
    """From the number of steps so far and the rate, what turns the sums of Adam into a step.

    Sums of numbers that weigh ``1, beta, beta**2, ...`` over the sum of the weights are the
    averages of Adam, corrected for their start at 0: ``u / a`` with
    ``a = (1 - beta1**t) / (1 - beta1)``, and ``s / b`` with ``b = (1 - beta2**t) / (1 - beta2)``.
    The step ``rate * (u / a) / (sqrt(s / b) + epsilon)`` is
    ``scale * u / (sqrt(s) + epsilon * sqrt(b))`` with ``scale = rate * sqrt(b) / a``, which has
    fewer operations on arrays (as Kingma and Ba have it at the end of section 2). Forward: `scale`
    and ``epsilon * sqrt(b)`` for one more step; in reverse one more step, whatever changed.

    - `rate`: None where it is read, beside the number of steps
    """

    T: NdArrayType
    beta1: float
    beta2: float
    epsilon: float
    rate: Scalar | None

    def source(self) -> Labels:
        return obj(self.T, self.T) if self.rate is None else obj(self.T)

    def target(self) -> Labels:
        return obj(self.T, self.T)

    def to_core(self) -> OpenHypergraph:
        def body(t: Wire, *read: Wire) -> tuple[Wire, Wire]:
            rate = read[0] if self.rate is None else t.draft.constant(self.T, self.rate)
            t = t + 1
            a, b = (self._weights(beta, t) for beta in (self.beta1, self.beta2))
            root = call(B.Sqrt(self.T), b)
            return rate * root / a, self.epsilon * root

        return forget(program(self.source(), body))

    def _weights(self, beta: float, t: Wire) -> Wire:
        """``1 + beta + ... + beta**(t - 1)``."""
        if beta == 0:
            return t.draft.constant(self.T, 1)
        power = call(B.Power(self.T), t.draft.constant(self.T, beta), t)
        return (1 - power) * (1 / rest(beta))

    def residual(self) -> Labels:
        return self.source()

    def fwd(self) -> OpenHypergraph:
        return copy_core(self.source()) >> (op(self) @ identity(self.source()))

    def rev(self) -> OpenHypergraph:
        A = self.residual() + self.target()
        return program(A, lambda t, *rest: (t + 1, *rest[:-2]))

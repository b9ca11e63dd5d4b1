"""Adaptive filters: FIR filters whose taps follow what they are told, by least mean squares.

             ┌───────┐
    x ──┬────┤  taps ├──── y ──(-)──── desired
        │    └───┬───┘           │
        │        └──── LMS ──────┴ error

Each is a model with a learning rule and a loss. What becomes of one depends on what it is given:

- *identification*: `x` goes into an unknown system and its output is desired. The taps become its
  impulse response.
- *echo cancelling*, *noise cancelling*: `x` is what is played, or noise alone; desired is what the
  microphone picks up. The error is what is left.
- *equalising*: `x` is what a channel made of known symbols, which are desired, late by a few
  samples. `decisions` goes on without knowing them.
- *prediction*: desired is the signal itself, and `x` the signal late (`delay`).

(Widrow and Stearns, "Adaptive signal processing", 1985; Haykin, "Adaptive filter theory".)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.learning import Loss, mse
from catgrad.bidirectional.optic import Lens
from catgrad.bidirectional.wires import Wire, call, calls, program
from catgrad.combinators import Canonical, canonical
from catgrad.compile import compile_model
from catgrad.core.types import NdArrayType, obj, op, require, require_numbers
from catgrad.dsp.fir import fir
from catgrad.dsp.lines import SAMPLE, require_count, window
from catgrad.errors import CatgradError
from catgrad.fixed.formats import Formats
from catgrad.hardware import Hardware, compile_hardware
from catgrad.hardware.schedules import Schedule
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.layers.filters import nlms as normalised
from catgrad.layers.losses import l1
from catgrad.layers.rules import Rate, chain, delayed, sgd, weight_decay
from catgrad.special.parameter import Parameter

NOTHING = sgd(0)
"""The rule of a filter that has nothing to learn."""


@dataclass(frozen=True)
class Filter:
    """A model, how it learns and from what: what `compile_model` and `compile_hardware` take."""

    model: OpenHypergraph
    rule: Canonical = NOTHING
    loss: Canonical = mse

    def compile(self, report: Sequence[str] = ("prediction",)) -> Any:
        """The float form: an object with `predict` and `step`, which also gives `report`."""
        return compile_model(self.model, self.rule, self.loss, report)[0]()

    def hardware(self, formats: Formats, schedule: Schedule | None = None) -> Hardware:
        """The integer form, and the circuit that equals it bit for bit."""
        return compile_hardware(self.model, self.rule, self.loss, formats, schedule)


def lms(taps: int, rate: float | Rate, T: NdArrayType = SAMPLE, form: str = "direct") -> Filter:
    """``w += rate * error * x`` (Widrow and Hoff, "Adaptive switching circuits", 1960)."""
    taps = _learned("lms", taps, rate)
    return Filter(fir(taps, T, form), sgd(rate))


def nlms(taps: int, rate: float | Rate, T: NdArrayType = SAMPLE, epsilon: float = 1e-2) -> Filter:
    """``w += rate * error * x / (epsilon + sum(x * x))``: for inputs of any power.

    It converges at rates between 0 and 2 (Nagumo and Noda, "A learning method for system
    identification", IEEE Transactions on Automatic Control 12, 1967).
    """
    taps = _learned("nlms", taps, rate, below=2.0)
    require_numbers("dsp.nlms", epsilon=epsilon)
    seen = window(taps, T)
    line, scalar = NdArrayType((taps,), T.dtype), NdArrayType((), T.dtype)
    model = seen >> normalised(T, line, scalar, epsilon)
    return Filter(block("nlms", model), sgd(rate))


SIGNS = ("error", "data", "both")


def sign_lms(taps: int, rate: float | Rate, of: str = "error", T: NdArrayType = SAMPLE) -> Filter:
    """LMS with the sign of one or both of its factors, so that its update has no products.

    `of`: the sign of the ``"error"`` (``w += rate * sign(e) * x``), of the ``"data"``
    (``w += rate * e * sign(x)``), or of ``"both"`` (Claasen and Mecklenbräuker, "Comparison of the
    convergence of two algorithms for adaptive FIR digital filters", IEEE Transactions on ASSP 29,
    1981). In fixed point signs are those of the integers, so that the least error counts. A rate
    that is a power of 2 is a shift; gradients need a format that holds 1, where a sign is one.
    """
    if of not in SIGNS:
        raise CatgradError(
            f"There is no sign LMS of {of!r}; choose {', '.join(SIGNS[:-1])} or {SIGNS[-1]}."
        )
    taps = _learned("sign_lms", taps, rate)
    seen = window(taps, T)
    product = SignProduct(T, NdArrayType((taps,), T.dtype), of)

    def body(seen: Wire) -> Wire:
        [w] = seen.draft.apply(Parameter(product.taps, "taps"))
        return call(product, seen, w)

    model = block("sign_lms", seen >> program(seen.target, body))
    return Filter(model, sgd(rate), mse if of == "data" else l1)


def leaky_lms(taps: int, rate: float, leak: float, T: NdArrayType = SAMPLE) -> Filter:
    """``w = (1 - rate * leak) * w + rate * error * x``: taps that nothing holds up go to 0.

    (Gitlin, Meadors and Weinstein, "The tap-leakage algorithm", Bell System Technical Journal 61,
    1982.)
    """
    taps = _learned("leaky_lms", taps, rate)
    require_numbers("dsp.leaky_lms", leak=leak)
    if not 0 <= rate * leak < 1:
        raise CatgradError(
            f"Taps leak away by a part between 0 and 1 of them a sample, not by a rate of {rate} "
            f"times a leak of {leak}; write leaky_lms(16, 2**-6, 2**-4)."
        )
    return Filter(fir(taps, T), chain(sgd(rate), weight_decay(leak)))


def delayed_lms(taps: int, rate: float | Rate, delay: int, T: NdArrayType = SAMPLE) -> Filter:
    """LMS whose updates come `delay` samples late, so that a pipeline takes a sample a clock.

    (Long, Ling and Proakis, "The LMS algorithm with delayed coefficient adaptation", IEEE
    Transactions on ASSP 37, 1989.)
    """
    taps = _learned("delayed_lms", taps, rate)
    return Filter(fir(taps, T), delayed(sgd(rate), delay))


def _learned(name: str, taps: int, rate: float | Rate, below: float = math.inf) -> int:
    """How many taps, refused unless they are counted; and so is a rate that learns nothing."""
    if np.ndim(taps):
        raise CatgradError(
            f"dsp.{name} learns its taps and is told how many, not which; write "
            f"dsp.{name}({np.size(taps)}, ...), and give dsp.run the parameters to begin with."
        )
    taps = require_count("An adaptive filter", "taps", taps)
    if isinstance(rate, Rate):
        return taps
    require_numbers(f"dsp.{name}", rate=rate)
    if not 0 <= rate < below:
        limit = f"from 0 to {below:g}" if below < math.inf else "of at least 0"
        raise CatgradError(
            f"dsp.{name} learns at rates {limit}, not at {rate}; write one such as 2**-6."
        )
    return taps


@dataclass(frozen=True)
class SignProduct(Lens):
    """``T+taps ● taps → T``, a sum of products; in reverse the taps change by signs.

    Which, `of` says as in `sign_lms`. This states a step, and no derivative.
    """

    T: NdArrayType
    taps: NdArrayType
    of: str

    def _product(self) -> B.Compose:
        return B.Compose(self.T, self.taps, NdArrayType((), self.T.dtype))

    def source(self) -> Labels:
        return self._product().source()

    def target(self) -> Labels:
        return self._product().target()

    def to_core(self) -> OpenHypergraph:
        return self._product().to_core()

    def rev(self) -> OpenHypergraph:
        def body(x: Wire, w: Wire, change: Wire) -> tuple[Wire, Wire]:
            back, _ = calls(self._product().rev(), x, w, change)
            error = call(B.NCopy(self.T, self.taps), change)
            if self.of == "data":
                step = _signed(error, x)
            else:
                step = _signed(x if self.of == "error" else call(B.Sign(x.T), x), error)
            return back, call(B.Sum(self.taps, self.T), step)

        return program(self.source() + self.target(), body)


def _signed(x: Wire, by: Wire) -> Wire:
    """`x`, 0 or `-x`, as `by` is positive, 0 or negative: a choice, and no product."""
    backward = call(B.Mask(x.T), -x, by < 0)
    return call(B.Select(x.T), by > 0, x, backward)


@dataclass(frozen=True)
class Decisions(Loss):
    """The squared distance from the target, or where the target is 0 from the nearest level."""

    levels: tuple[float, ...]

    def __post_init__(self) -> None:
        require(
            len(self.levels) > 1 and 0 not in self.levels and sorted(self.levels) == [*self.levels],
            self,
            f"cannot decide between {self.levels}",
            "give two levels or more, in rising order, none of them 0",
        )

    def decided(self, y: Wire) -> Wire:
        """The level nearest to each number."""
        nearest = y.draft.constant(self.T, self.levels[0])
        for low, high in zip(self.levels, self.levels[1:], strict=False):
            upper = y.draft.constant(self.T, high)
            nearest = call(B.Select(self.T), y > (low + high) / 2, upper, nearest)
        return nearest

    def _wanted(self, y: Wire, target: Wire) -> Wire:
        nothing = target.draft.constant(self.T, 0)
        unknown = call(B.Eq(self.T), target, nothing)
        return call(B.Select(self.T), unknown, self.decided(y), target)

    def rev(self) -> OpenHypergraph:
        return program(obj(self.T, self.T), lambda y, t: y - self._wanted(y, t))

    def value(self) -> OpenHypergraph:
        def body(y: Wire, t: Wire) -> Wire:
            e = y - self._wanted(y, t)
            return call(B.NAdd(self.scalar(), self.T), e * e) * 0.5

        return program(obj(self.T, self.T), body)


def decisions(levels: Sequence[float]) -> Canonical:
    """A loss for equalisers: a target of 0 stands for the level nearest to the prediction.

    So a known preamble trains an equaliser, and after it the equaliser follows its own decisions
    (Lucky, "Techniques for adaptive equalization of digital communication systems", Bell System
    Technical Journal 45, 1966).
    """
    numbers = np.ravel(levels).tolist()
    for level in numbers:
        require_numbers("dsp.decisions", levels=level)
    return canonical(lambda T: op(Decisions(T, tuple(map(float, numbers)))), f"decisions({levels})")

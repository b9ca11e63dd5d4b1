"""Strategies for filters that are sums of products, and the formats to quantise them with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from catgrad import Fixed, Formats, Serial, dsp, layers
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import identity
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import obj
from catgrad.dsp import SAMPLE
from catgrad.hardware import Hardware
from catgrad.hypergraph import OpenHypergraph

BITS = 9
"""Of the fraction of random coefficients."""


@dataclass(frozen=True)
class Recipe:
    """A filter that prints as what it is made of: parallel branches, each a cascade, added up.

    A part is a name and numbers: ``fir`` and its taps, ``biquads`` and five for each section,
    ``learned`` and how many taps, ``delay`` and its length.
    """

    branches: tuple[tuple[tuple[str, tuple[int, ...]], ...], ...]
    formats: Formats
    rate: tuple[int, int] = (1, 1)

    def model(self) -> OpenHypergraph:
        """One sample in, one out; or a resampler at the end, if the rate changes."""

        def body(x: Wire) -> Wire:
            first, *others = (call(cascade(branch), x) for branch in self.branches)
            for other in others:
                first = first + other
            return first

        up, down = self.rate
        if self.rate != (1, 1):
            return dsp.resample(np.arange(1, 2 * up * down + 2) / 64, up, down)
        return program(obj(SAMPLE), body)

    def hardware(self, schedule: Serial | None = None) -> Hardware:
        """The filter in fixed point."""
        return dsp.Filter(self.model(), layers.sgd(0)).hardware(self.formats, schedule or Serial())


def cascade(branch: tuple[tuple[str, tuple[int, ...]], ...]) -> OpenHypergraph:
    """Parts one after another."""
    model = identity(obj(SAMPLE))
    for name, numbers in branch:
        model = model >> part(name, numbers)
    return model


def part(name: str, numbers: tuple[int, ...]) -> OpenHypergraph:
    """A part of a recipe."""
    scaled = np.array(numbers) / 2**BITS
    match name:
        case "fir":
            return dsp.fir(scaled)
        case "biquads":
            rows = scaled.reshape(-1, 5)
            return dsp.biquads(np.insert(rows, 3, 1.0, axis=1))
        case "learned":
            return dsp.fir(numbers[0])
        case "delay":
            return dsp.delay(SAMPLE, numbers[0])
    raise AssertionError(name)


@st.composite
def parts(draw: st.DrawFn, learned: bool) -> tuple[str, tuple[int, ...]]:
    """One filter."""
    name = draw(st.sampled_from(["fir", "biquads", "delay", *["learned"] * learned]))
    coefficient = st.integers(-(2 ** (BITS + 1)), 2 ** (BITS + 1))
    if name == "fir":
        return name, tuple(draw(st.lists(coefficient, min_size=1, max_size=9)))
    if name == "biquads":
        numbers: list[int] = []
        for _ in range(draw(st.integers(1, 3))):
            a2 = draw(st.integers(1 - 2**BITS, 2**BITS - 1))
            most = 2**BITS + a2 - 1  # beyond which it is not stable
            a1 = draw(st.integers(-most, most))
            numbers += [*(draw(coefficient) for _ in range(3)), a1, a2]
        return name, tuple(numbers)
    return name, (draw(st.integers(1, 5)),)


@st.composite
def formats(draw: st.DrawFn) -> Formats:
    """Data of 4 to 16 bits, rounded in any way; weights likewise."""
    width, weight = draw(st.integers(4, 16)), draw(st.integers(4, 16))
    return Formats.uniform(
        width,
        draw(st.integers(0, width)),
        weights=Fixed(weight, draw(st.integers(0, weight))),
        rounding=draw(st.sampled_from(list(Rounding))),
        overflow=draw(st.sampled_from(list(Overflow))),
    )


@st.composite
def recipes(draw: st.DrawFn, learned: bool = True) -> Recipe:
    """1 or 2 branches of 1 to 3 parts each, or a resampler."""
    if draw(st.integers(0, 5)) == 0:
        rates = st.tuples(st.integers(1, 3), st.integers(1, 3))
        return Recipe((), draw(formats()), draw(rates.filter(lambda r: r[0] != r[1])))
    branch = st.lists(parts(learned), min_size=1, max_size=3).map(tuple)
    return Recipe(tuple(draw(st.lists(branch, min_size=1, max_size=2))), draw(formats()))

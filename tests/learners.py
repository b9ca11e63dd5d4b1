"""Strategies for small learners and the formats to quantise them with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from catgrad import Dtype, Fixed, Formats, NdArrayType, Spatial, compile_hardware, layers, op
from catgrad.bidirectional.kernel import kernel
from catgrad.combinators import canonical, identity
from catgrad.core.operation import Overflow, Rounding
from catgrad.hardware import Hardware
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import evaluate, to_kernels


@kernel
def mirrored(x, y, *, n, i):
    """Each number times the one that lies as far from the other end."""
    y[n, i] = x[n, i] * x[n, x.shape[1] - 1 - i]


ACTIVATIONS = {
    "identity": identity,
    "relu": layers.relu,
    "sigmoid": layers.sigmoid,
    "mirrored": canonical(lambda T: op(mirrored(T))),
}


@dataclass(frozen=True)
class Recipe:
    """A learner that prints as what it is made of."""

    widths: tuple[int, ...]
    activations: tuple[str, ...]
    batch: int
    rate: int  # 2**-rate
    formats: Formats
    cycles: int
    schedule: Spatial | None = None

    def model(self) -> OpenHypergraph:
        """One layer from each width to the next."""
        batch, *arrays = (NdArrayType((n,), Dtype.float32) for n in (self.batch, *self.widths))
        stacked = identity(layers.linear(batch, arrays[0], arrays[0]).source)
        for A, B, activation in zip(arrays[:-1], arrays[1:], self.activations, strict=True):
            stacked = stacked >> layers.dense(batch, A, B, ACTIVATIONS[activation])
        return stacked

    def hardware(self) -> Hardware:
        """The learner in fixed point."""
        schedule = self.schedule or Spatial(cycles=self.cycles)
        rule = layers.sgd(2**-self.rate)
        return compile_hardware(self.model(), rule, layers.mse, self.formats, schedule)


@st.composite
def fixed(draw: st.DrawFn) -> Fixed:
    """A signed format of 4 to 16 bits."""
    width = draw(st.integers(4, 16))
    return Fixed(width, draw(st.integers(0, width)))


@st.composite
def recipes(draw: st.DrawFn, max_layers: int = 3, max_width: int = 6) -> Recipe:
    """1 to 3 layers, widths 1 to 6, any formats, rounding and overflow."""
    depth = draw(st.integers(1, max_layers))
    widths = draw(st.lists(st.integers(1, max_width), min_size=depth + 1, max_size=depth + 1))
    names = st.sampled_from(sorted(ACTIVATIONS))
    return Recipe(
        tuple(widths),
        tuple(draw(st.lists(names, min_size=depth, max_size=depth))),
        draw(st.integers(1, 2)),
        draw(st.integers(0, 6)),
        Formats(
            draw(fixed()),
            draw(fixed()),
            draw(fixed()),
            draw(st.none() | fixed()),
            draw(st.sampled_from(Rounding)),
            draw(st.sampled_from(Overflow)),
            draw(st.integers(3, 6)),
        ),
        draw(st.integers(1, 3)),
    )


def kernels_agree(hardware: Hardware, inputs: Sequence[ArrayLike]) -> None:
    """The kernels of a learner, run on NumPy arrays, give what the generated program gives."""
    found = evaluate(to_kernels(hardware.program), inputs)
    wanted = hardware.reference.transition(*inputs)
    assert len(found) == len(wanted)
    assert all(map(np.array_equal, found, wanted))

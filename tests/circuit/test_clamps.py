"""Saturations as choices mean the same, and fewer bits pass a register in the middle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder, evaluate, optimise
from catgrad.circuit.clamps import clamps
from catgrad.circuit.pipeline import pipeline
from catgrad.circuit.verify import verify
from tests.circuit.strategies import batches, netlists


def agree(before: Netlist, inputs: dict[str, np.ndarray]) -> Netlist:
    after = verify(clamps(before))
    expected, found = evaluate(before, inputs), evaluate(after, inputs)
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in expected.items()}
    return after


def rectified(width: int, limit: Format) -> Netlist:
    """The sum of two numbers of so many bits, limited, and its sign, and whether it fits."""
    b = NetlistBuilder()
    x, y = b.input("x", [Format(width, True), Format(width, True)])
    total, zero = b.add(x, y), b.const(0)
    limited = b.saturate(total, limit)
    negative = b.gt(zero, total)
    shown = [b.mux(negative, zero, limited), b.gt(total, zero), negative, b.fits(total, limit)]
    b.output("z", [int(net) for net in shown])
    return b.build()


@given(st.data())
def test_keeps_every_output(data: st.DataObject) -> None:
    before = optimise(data.draw(netlists(cells=20)))
    agree(before, data.draw(batches(before)))


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_rectified_linear(width: int, signed: bool) -> None:
    limit = Format(width, signed)
    pairs = np.stack(np.meshgrid(*[np.arange(-16, 16)] * 2), axis=-1).reshape(-1, 2)
    after = agree(rectified(5, limit), {"x": pairs})
    wide = signed and 1 < width < 4
    assert (Kind.SATURATE in after.kind) == (not wide)


def test_a_register_in_the_middle_has_fewer_bits() -> None:
    before = rectified(24, Format(8, True))
    plain, clamped = (pipeline(n, 7000) for n in (before, optimise(clamps(before))))
    assert (plain.latency, clamped.latency) == (1, 1)
    assert clamped.register_bits < plain.register_bits
    assert clamped.register_bits <= 8 + 3  # the number, whether it fits, and two answers

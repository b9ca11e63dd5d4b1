"""Comparisons with 0 read a sign, and mean the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder, evaluate, optimise
from catgrad.circuit.signs import signs
from catgrad.circuit.verify import verify
from tests.circuit.strategies import batches, netlists


def agree(before: Netlist, inputs: dict[str, np.ndarray]) -> Netlist:
    after = verify(signs(before))

    expected, found = evaluate(before, inputs), evaluate(after, inputs)
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in expected.items()}
    return after


@given(st.data())
def test_keeps_every_output(data: st.DataObject) -> None:
    before = optimise(data.draw(netlists(cells=20)))
    agree(before, data.draw(batches(before)))


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("width", [1, 2, 3, 6])
def test_rectified_linear(width: int, signed: bool) -> None:
    b = NetlistBuilder()
    (x,) = b.input("x", [Format(6, True)])
    zero = b.const(0)
    limited = b.saturate(x, Format(width, signed))
    positive = b.gt(limited, zero)
    shown = [b.mux(positive, limited, zero), positive, b.gt(zero, limited), b.gt(limited, x)]
    b.output("z", shown)
    agree(b.build(), {"x": np.arange(-32, 32)[:, None]})
    after = optimise(agree(optimise(b.build()), {"x": np.arange(-32, 32)[:, None]}))
    if (width, signed) == (3, True):
        compared = after.args[after.kind == Kind.GT]
        saturated = np.flatnonzero(after.kind == Kind.SATURATE)
        assert np.isin(compared, saturated).sum() == 1  # only against x

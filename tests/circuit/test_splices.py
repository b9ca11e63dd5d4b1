"""Splices are additions without a carry."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder, evaluate
from catgrad.circuit.splices import inverters, splices


@st.composite
def additions(draw: st.DrawFn) -> Netlist:
    """Additions of shifted inputs and constants; all nets are shown."""
    b = NetlistBuilder()
    formats = st.builds(Format, st.integers(1, 5), st.booleans())
    nets = b.input("x", draw(st.lists(formats, min_size=1, max_size=4))).tolist()
    for _ in range(draw(st.integers(1, 8))):
        a, c = draw(st.sampled_from(nets)), draw(st.sampled_from(nets))
        made = [
            lambda a, c: b.add(a, c),
            lambda a, c: b.add(b.shl(a, 3), c),
            lambda a, c: b.add(b.const(1), b.shl(b.sub(a, c), 1)),
            lambda a, c: b.mux(b.gt(a, c), b.shl(a, 4), b.const(0)),
            lambda a, c: b.add(b.shr(b.shl(a, 5), 2), c),
            lambda a, c: b.wrap(b.sub(b.const(-1), c), Format(3, a > c)),
        ]
        nets.append(int(draw(st.sampled_from(made))(a, c)))
    b.output("z", np.arange(len(b)))
    return b.build()


@given(additions(), st.integers(0, 2**32))
def test_the_operands_of_a_splice_have_no_bit_in_common(netlist: Netlist, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.stack(
        [rng.integers(f.min, f.max, 40, endpoint=True) for f in netlist.inputs[0].formats], axis=1
    )
    nets = evaluate(netlist, {"x": x})["z"]
    at, upper = splices(netlist)
    for cell in np.flatnonzero(at).tolist():
        assert netlist.kind[cell] == Kind.ADD
        high = nets[:, netlist.args[cell, upper[cell]]]
        low = nets[:, netlist.args[cell, 1 - upper[cell]]]
        assert np.all(high % (1 << int(at[cell])) == 0)
        assert np.all((low >= 0) & (low < 1 << int(at[cell])))
    for cell in np.flatnonzero(inverters(netlist)).tolist():
        assert np.array_equal(nets[:, cell], ~nets[:, netlist.args[cell, 1]])


def test_the_least_that_is_found() -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [Format(8, True), Format(3, False)])
    found = [
        b.add(b.shl(x, 3), y),
        b.add(b.const(1), b.shl(b.sub(y, x), 1)),
        b.add(y, b.mux(b.gt(x, y), b.shl(x, 4), b.const(0))),
    ]
    b.add(b.shl(x, 2), y)
    b.add(b.shl(x, 3), x)
    b.sub(b.const(-1), x)
    netlist = b.build()
    at, upper = splices(netlist)
    assert np.flatnonzero(at).tolist() == found
    assert at[found].tolist() == [3, 1, 4]
    assert upper[found].tolist() == [0, 1, 1]
    assert np.flatnonzero(inverters(netlist)).tolist() == [len(netlist) - 1]

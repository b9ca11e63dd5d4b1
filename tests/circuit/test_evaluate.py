"""Evaluation agrees with the plain meaning of the cells."""

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import Evaluator, Format, Netlist, NetlistBuilder, evaluate, optimise, verify
from catgrad.errors import CatgradError
from tests.circuit.interpreter import interpret
from tests.circuit.strategies import batches, netlists


@given(st.data())
def test_evaluate_is_the_interpreter_on_every_sample(data: st.DataObject) -> None:
    netlist = data.draw(netlists())
    inputs = data.draw(batches(netlist))
    outputs = evaluate(netlist, inputs)
    samples = len(next(iter(inputs.values()))) if inputs else 1
    for sample in range(samples):
        values = interpret(netlist, {name: inputs[name][sample].tolist() for name in inputs})
        for port in netlist.outputs:
            assert outputs[port.name].shape == (samples, len(port))
            assert outputs[port.name][sample].tolist() == [values[net] for net in port.nets]


def every_kind(width: int) -> Netlist:
    """Every kind of cell on two nets of this width, one of them signed."""
    b = NetlistBuilder()
    a, u = b.input("x", [Format(width, True), Format(width, False)])
    bits = [b.gt(a, u), b.fits(a, Format(width - 1, True)), b.fits(u, Format(width - 1, False))]
    b.output("bits", bits)
    b.output("sums", [b.add(a, u), b.sub(a, u), b.mul(a, u), b.mul(a, a), b.mux(bits[0], a, u)])
    b.output("shifts", [b.shl(u, 1), b.shr(a, 1), b.shr(a, width - 1), b.shr(a, 2 * width)])
    b.output("saturated", [b.saturate(net, Format(width - 1, s)) for net in (a, u) for s in (0, 1)])
    b.output("wrapped", [b.wrap(net, Format(width - 1, s)) for net in (a, u) for s in (0, 1)])
    b.output("found", b.lookup([a, u], [3 * k - 7 for k in range(16)]))
    return b.build()


@pytest.mark.parametrize("width", [2, 31, 32, 62, 63, 64, 65, 100])
def test_boundary_values(width: int) -> None:
    netlist = every_kind(width)
    formats = netlist.input("x").formats
    edges = [[f.min, f.min + 1, f.max - 1, f.max, f.max // 2, f.max // 2 + 1] for f in formats]
    batch = [[a, u] for a in edges[0] for u in edges[1]]
    outputs = evaluate(netlist, {"x": np.array(batch, dtype=object)})
    for sample, x in enumerate(batch):
        values = interpret(netlist, {"x": x})
        for port in netlist.outputs:
            assert outputs[port.name][sample].tolist() == [values[net] for net in port.nets]


def test_outputs_are_int64_up_to_63_bits() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(62, False), Format(62, True)])
    b.output("narrow", b.shl(x, 1))
    b.output("wide", b.shl(x, 2))
    outputs = evaluate(b.build(), {"x": [[2**62 - 1, -(2**61)]]})
    assert outputs["narrow"].dtype == np.int64
    assert outputs["wide"].dtype == object
    assert outputs["narrow"].tolist() == [[2**63 - 2, -(2**62)]]
    assert outputs["wide"].tolist() == [[2**64 - 4, -(2**63)]]
    assert {type(value) for value in outputs["wide"].flat} == {int}


def test_a_wide_net_does_not_widen_its_neighbours() -> None:
    """One level and kind with nets of both sorts, written and read side by side."""
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True), Format(70, True), Format(8, True)])
    squares = b.mul(x, x)
    b.output("y", b.saturate(b.add(squares, squares[::-1]), Format(16, True)))
    outputs = evaluate(b.build(), {"x": [[3, 2**69 - 1, -4], [-128, -1, -128]]})
    assert outputs["y"].tolist() == [[25, 2**15 - 1, 25], [2**15 - 1, 2, 2**15 - 1]]


def test_a_batch_is_cut_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    netlist = every_kind(20)
    x = np.random.default_rng(0).integers(0, 2**19, size=(50, 2))
    whole = evaluate(netlist, {"x": x})
    module = importlib.import_module("catgrad.circuit.evaluate")
    monkeypatch.setattr(module, "_VALUES_AT_ONCE", 7 * len(netlist))
    cut = evaluate(netlist, {"x": x})
    for name in whole:
        assert np.array_equal(cut[name], whole[name])


def test_a_hundred_thousand_cells() -> None:
    """A matrix times a vector, as a netlist and in NumPy."""
    b = NetlistBuilder()
    x = b.input("x", [Format(16, True)] * 320)
    w = b.input("w", [Format(16, True)] * (320 * 160)).reshape(320, 160)
    sums = b.mul(x[:, None], w)
    while len(sums) > 1:
        half = len(sums) // 2
        sums = np.concatenate([b.add(sums[:half], sums[half : 2 * half]), sums[2 * half :]])
    b.output("y", b.saturate(b.shr(sums[0], 12), Format(16, True)))
    netlist = optimise(b.build())
    assert len(netlist) > 150_000
    random = np.random.default_rng(1)
    values = {
        "x": random.integers(-(2**15), 2**15, size=(3, 320)),
        "w": random.integers(-(2**12), 2**12, size=(3, 320 * 160)),
    }
    total = np.einsum("si,sij->sj", values["x"], values["w"].reshape(3, 320, 160))
    assert np.array_equal(evaluate(netlist, values)["y"], np.clip(total >> 12, -(2**15), 2**15 - 1))


def test_an_evaluator_remembers_nothing() -> None:
    b = NetlistBuilder()
    b.output("y", b.shl(b.input("x", [Format(8, True)]), 3))
    evaluator = Evaluator(b.build())
    for x in (5, -7, 0):
        assert evaluator({"x": [[x]]})["y"].tolist() == [[8 * x]]


def test_an_invalid_netlist_is_not_evaluated() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)])
    b.append(6, np.array([[0, -1, -1]]), np.array([-1]), np.array([8]), np.array([True]))
    b.output("y", x)
    with pytest.raises(CatgradError) as caught:
        evaluate(b.build(), {"x": [[1]]})
    assert str(caught.value) == "Cell 1 (shr) shifts by -1, but a shift is from 0 to 4096."


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (
            {"x": [[1, 2]]},
            "The netlist has the input ports x, y, but values came for x; give each port an array.",
        ),
        (
            {},
            (
                "The netlist has the input ports x, y, but values came for (none); "
                "give each port an array."
            ),
        ),
        (
            {"x": [[1, 2]], "y": [[0]] * 3},
            "Input port x has a batch of 1, but input port y has one of 3; make them equal.",
        ),
        ({"x": [1, 2], "y": [[0]]}, "Input port x takes an array of shape (batch, 2), not (2,)."),
        (
            {"x": [[1]], "y": [[0]]},
            "Input port x takes an array of shape (batch, 2), not (1, 1).",
        ),
        (
            {"x": np.zeros((1, 2)), "y": [[0]]},
            (
                "Input port x takes integers, but 'float' object cannot be interpreted as an "
                "integer; quantise the values first."
            ),
        ),
        (
            {"x": [[1, 2], [3, 128]], "y": [[0], [0]]},
            "Input port x has 128 as element 1 of sample 1, but its format s8 is from -128 to 127.",
        ),
        (
            {"x": [[1, 2]], "y": [[-1]]},
            (
                "Input port y has -1 as element 0 of sample 0, but its format u70 is from 0 to "
                "1180591620717411303423."
            ),
        ),
    ],
)
def test_faults_of_inputs(inputs: dict[str, object], sentence: str) -> None:
    b = NetlistBuilder()
    b.input("x", [Format(8, True)] * 2)
    b.input("y", [Format(70, False)])
    with pytest.raises(CatgradError) as caught:
        evaluate(verify(b.build()), inputs)
    assert str(caught.value) == sentence

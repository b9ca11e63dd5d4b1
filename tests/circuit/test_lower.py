"""From operations on single numbers to cells: the same integers, and few cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Kind, Netlist, evaluate, optimise, remove_dead, share, to_text, verify
from catgrad.circuit.lower import lower
from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import evaluate as run_kernels
from catgrad.kernel.library import to_kernels
from catgrad.kernel.unroll import unroll
from tests.kernel.cases import ON_FIXED, formats, programs, values


def circuit(f: OpenHypergraph) -> Netlist:
    """The netlist of a program of kernels, with ports x0, x1, ... and y0, y1, ..."""
    inputs = [(f"x{i}", T.size) for i, T in enumerate(f.source)]
    outputs = [(f"y{i}", T.size) for i, T in enumerate(f.target)]
    return verify(lower(unroll(f), inputs, outputs))


def agree(f: OpenHypergraph, samples: list[list]) -> None:
    """The netlist, as it is and optimised, computes what the kernels do."""
    netlist = circuit(f)
    inputs = {
        f"x{i}": np.array([sample[i].reshape(-1) for sample in samples])
        for i in range(len(f.source))
    }
    expected = [
        [array.reshape(-1).tolist() for array in run_kernels(f, sample)] for sample in samples
    ]
    for version in (netlist, optimise(netlist)):
        found = evaluate(version, inputs)
        for i, row in enumerate(expected if inputs else expected[:1]):
            assert [found[f"y{j}"][i].tolist() for j in range(len(f.target))] == row


@pytest.mark.parametrize("kind", ON_FIXED, ids=lambda kind: kind.__name__)
@settings(max_examples=12)
@given(data=st.data())
def test_cells_compute_what_the_operation_does(kind, data) -> None:
    operation = ON_FIXED[kind](data.draw, data.draw(formats))
    samples = [[values(data.draw, T) for T in operation.source()] for _ in range(3)]
    agree(to_kernels(op(operation)), samples)


@settings(max_examples=50)
@given(data=st.data())
def test_a_circuit_computes_what_the_program_does(data) -> None:
    f = to_kernels(data.draw(programs()))
    agree(f, [[values(data.draw, T) for T in f.source] for _ in range(3)])


@pytest.mark.parametrize("overflow", ops.Overflow, ids=str)
@pytest.mark.parametrize("rounding", ops.Rounding, ids=str)
@pytest.mark.parametrize(
    "to", [Fixed(4, 1), Fixed(4, 1, False), Fixed(9, 4), Fixed(2, -1)], ids=str
)
def test_every_mantissa_is_requantised_as_the_kernel_does(rounding, overflow, to) -> None:
    T = NdArrayType((), Fixed(7, 3))
    requantise = op(ops.Requantise(T, to, rounding, overflow))
    both = op(ops.Copy(T)) >> (requantise @ op(ops.InRange(T, to, rounding)))
    agree(to_kernels(both), [[np.array(m)] for m in range(T.fixed.min, T.fixed.max + 1)])


def test_a_number_is_rounded_once_for_its_value_and_for_its_range() -> None:
    T, to = NdArrayType((), Fixed(8, 4)), Fixed(4, 0)
    both = op(ops.Copy(T)) >> (op(ops.Requantise(T, to)) @ op(ops.InRange(T, to)))
    assert to_text(remove_dead(share(circuit(to_kernels(both))))) == (
        "input x0\n"
        "  %0 : s8.4\n"
        "cells\n"
        "  %1 = const 8 : u4\n"
        "  %2 = add %0 %1 : s9\n"
        "  %3 = shr %2 4 : s5\n"
        "  %4 = saturate %3 : s4\n"
        "  %5 = fits %3 s4 : u1\n"
        "output y0\n"
        "  %4 : s4.0\n"
        "output y1\n"
        "  %5 : u1.0\n"
    )


def test_ports_show_the_formats_and_fractions_of_their_types() -> None:
    T = NdArrayType((2,), Fixed(5, -2, False))
    [x] = circuit(identity(obj(T))).inputs
    assert (x.formats, x.fractions) == (((5, False), (5, False)), (-2, -2))


def test_python_adds_the_cells_of_a_layer_at_once() -> None:
    side = NdArrayType((20,), Fixed(8, 4))
    netlist = circuit(to_kernels(op(ops.Compose(side, side, side))))
    multipliers = np.flatnonzero(netlist.kind == Kind.MUL)
    assert len(multipliers) == 20**3
    assert multipliers[-1] - multipliers[0] == 20**3 - 1


def sentence(f: OpenHypergraph, inputs, outputs) -> str:
    with pytest.raises(CatgradError) as error:
        lower(f, inputs, outputs)
    return str(error.value)


def test_errors() -> None:
    real, bit = NdArrayType((), Dtype.float32), NdArrayType((), BIT)
    negate = op(ops.Negate(real))
    assert sentence(negate, [("x", 1)], [("y", 1)]) == (
        "Cannot make a circuit of float32[] in input port 'x'; quantise the program first, "
        "a circuit carries fixed-point numbers."
    )
    assert sentence(op(ops.Constant(real, 1.0)), [], [("y", 1)]) == (
        "Cannot make a circuit of float32[] in Constant; quantise the program first, "
        "a circuit carries fixed-point numbers."
    )
    assert sentence(identity(obj(bit, bit)), [("x", 1), ("y", 2)], [("z", 2)]) == (
        "The input ports group 3 wires, but the program has 2 inputs; "
        "let the sizes of the ports add up to that."
    )
    assert sentence(identity(obj(bit, bit)), [("x", 2)], []) == (
        "The output ports group 0 wires, but the program has 2 outputs; "
        "let the sizes of the ports add up to that."
    )
    assert sentence(op(ops.Discard(bit)), [("x", 1)], []) == (
        "There are no cells for Discard; unroll the program to single numbers first."
    )

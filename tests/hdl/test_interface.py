"""What a transducer refuses, in whole sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Netlist
from catgrad.errors import CatgradError
from catgrad.hdl.delay_line import DelayLine
from catgrad.hdl.transducer import Transducer
from catgrad.hdl.verilog import verilog

S8, U8 = Format(8, True), Format(8, False)


def netlist(inputs: dict[str, list[Format]], outputs: dict[str, list[Format]]) -> Netlist:
    """Each output element is the first input, wrapped."""
    b = NetlistBuilder()
    for name, formats in inputs.items():
        b.input(name, formats)
    for name, formats in outputs.items():
        b.output(name, [b.wrap(0, format) for format in formats])
    return b.build()


def refused(netlist: Netlist, initial: Sequence[int] | None = None) -> str:
    with pytest.raises(CatgradError) as caught:
        Transducer(netlist, initial)
    return str(caught.value)


def test_unknown_ports() -> None:
    assert refused(netlist({"x": [S8], "z": [S8]}, {"prediction": [S8]})) == (
        "A transducer has no use for input port z; its input ports are parameters, state, x, y."
    )
    assert refused(netlist({"x": [S8]}, {"prediction": [S8], "loss": [S8]})) == (
        "A transducer has no use for output port loss; its output ports are prediction, "
        "parameters, state, forward_saturations, learning_saturations."
    )


def test_missing_ports() -> None:
    assert refused(netlist({"y": [S8]}, {"prediction": [S8]})) == (
        "A transducer needs input port x with at least one net, but the netlist is "
        "Netlist(y[1] -> prediction[1], 2 cells)."
    )
    assert refused(netlist({"x": [S8]}, {"prediction": []})) == (
        "A transducer needs output port prediction with at least one net, but the netlist is "
        "Netlist(x[1] -> prediction[0], 1 cells)."
    )


def test_counts_are_unsigned_and_alone() -> None:
    for formats, shown in ([S8], "[s8]"), ([U8, U8], "[u8, u8]"):
        ports = {"prediction": [S8], "learning_saturations": formats}
        assert refused(netlist({"x": [S8]}, ports)) == (
            f"Output port learning_saturations has formats {shown}, but it is a count; "
            f"give it one unsigned net."
        )


def test_a_prediction_is_made_without_the_target() -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [S8])[0], b.input("y", [S8])[0]
    b.output("prediction", [x, b.add(x, y)])
    assert refused(b.build()) == (
        "Element 1 of output port prediction depends on y, which a sample without training does "
        "not have; compute it from x and the parameters alone."
    )


def test_new_parameters_are_like_the_old() -> None:
    inputs = {"x": [S8], "parameters": [S8, U8]}
    assert refused(netlist(inputs, {"prediction": [S8], "parameters": [S8]})) == (
        "The netlist reads 2 parameters but computes 1 new ones; make the two ports parameters "
        "equally long."
    )
    assert refused(netlist(inputs, {"prediction": [S8], "parameters": [S8, S8]})) == (
        "Parameter 1 has format u8 but its new value has s8; requantise the new value to u8."
    )


def test_initial_parameters_fit() -> None:
    ports = netlist({"x": [S8], "parameters": [S8, U8]}, {"prediction": [S8]})
    assert refused(ports, [1]) == (
        "There are 1 initial parameters, but the netlist has 2; give one for each."
    )
    assert refused(ports, [1, -1]) == (
        "Initial parameter 1 is -1, but its format u8 holds 0 to 255; give it a value in that "
        "range, or a wider format."
    )


def test_a_delay_line_has_a_tap() -> None:
    with pytest.raises(CatgradError) as caught:
        DelayLine(8, 0)
    assert str(caught.value) == "A delay line of 0 taps holds no sample; give it at least 1."


def test_a_module_needs_a_plain_name() -> None:
    with pytest.raises(CatgradError) as caught:
        verilog(DelayLine(8, 1), "adaptive filter")
    assert str(caught.value) == (
        "'adaptive filter' cannot name a Verilog module; use letters, digits and underscores, "
        "beginning with a letter."
    )


@pytest.mark.parametrize("name", ["config", "table", "logic"])
def test_a_module_is_not_called_like_a_word_of_the_language(name: str) -> None:
    with pytest.raises(CatgradError) as caught:
        verilog(DelayLine(8, 1), name)
    assert str(caught.value) == (
        f"{name} is a keyword of Verilog and cannot name a module; choose another name, such as "
        f"{name}_module."
    )

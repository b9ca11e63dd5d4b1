"""From a command line to hardware: what the options make, and what is said of mistakes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catgrad.cli import main

ROOT = Path(__file__).parents[2]
IRIS = str(ROOT / "examples" / "iris.py")

FILE = """\
from catgrad import Dtype, Folded, Formats, NdArrayType, Spatial, compile_hardware, dsp, layers
from catgrad.hardware import Hardware
from catgrad.learner import learner

def T(n):
    return NdArrayType((n,), Dtype.float32)

model = layers.linear(T(1), T(4), T(3))
smooth = dsp.fir([0.25, 0.5, 0.25])
adaptive = dsp.lms(2, 2**-4)
blocks = adaptive.hardware(
    Formats.uniform(12, 8), Spatial(clock=50e6, family="ecp5", delay=8, always=True)
)
learned = learner(model, layers.sgd(0.125), layers.mse)
circuit = compile_hardware(model, layers.sgd(0.125), layers.mse, Formats.uniform(12, 8), Spatial(2))

def hardware() -> Hardware:
    schedule = Folded(lanes=2)
    return compile_hardware(model, layers.sgd(0.125), layers.mse, Formats.uniform(12, 8), schedule)
"""

Said = Callable[..., str]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with a model and hardware, in the directory that commands run in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "program.py").write_text(FILE)
    return "program.py"


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, object]]:
    """The report of the hardware that a command line makes."""

    def run(*arguments: str) -> dict[str, object]:
        assert main(["report", *arguments, "--json"]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    return run


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """What a command says of a mistake, in one line, with nothing printed."""

    def run(*arguments: str) -> str:
        assert main([*arguments]) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        lines = [line for line in captured.err.splitlines() if not line.endswith(" ...")]
        assert len(lines) == 1
        return lines[0]

    return run


def test_a_model_is_folded_unless_said_otherwise(file, report) -> None:
    assert report(f"{file}:model")["lanes"] == 8
    assert report(f"{file}:model", "--lanes", "3")["lanes"] == 3


def test_a_circuit_in_so_many_cycles(file, report) -> None:
    found = report(f"{file}:model", "--cycles", "4")
    assert (found["interval"], "cells" in found) == (5, True)


def test_a_pipeline_whose_samples_are_apart(file, report) -> None:
    assert report(f"{file}:model", "--clock", "1", "--interval", "5")["interval"] == 5


def test_a_filter_on_one_multiplier(file, report) -> None:
    assert report(f"{file}:smooth", "--serial")["products"] == 3


def test_a_filter_brings_its_rule(file, report) -> None:
    options = ["--clock", "1", "--format", "12.8"]
    given = report(f"{file}:adaptive", *options)
    assert given == report(f"{file}:adaptive.model", *options, "--rule", "sgd(0.0625)")
    assert given != report(f"{file}:adaptive", *options, "--rule", "sgd(0.5)")


def test_blocks_are_simulated_as_plain_products(file, capsys) -> None:
    assert main(["sim", f"{file}:blocks", "--samples", "5"]) == 0
    assert "all equal" in capsys.readouterr().out


def test_the_format_of_numbers(file, report) -> None:
    narrow, wide = (
        report(f"{file}:model", "--cycles", "1", "--format", text)["register_bits"]
        for text in ("8.4", "16.12")
    )
    assert (narrow, wide) == (12 * 8, 12 * 16)


def test_the_hardware_of_a_file_brings_its_own(file, report) -> None:
    assert report(file)["lanes"] == 2
    assert report(file, "--lanes", "4")["lanes"] == 4
    assert report(f"{file}:circuit")["interval"] == 3


def test_hardware_that_only_predicts(file, report) -> None:
    phases = report(file, "--predict-only")["phases"]
    assert not any(phase["learning"] for phase in phases)


@pytest.mark.parametrize(
    ("target", "options", "sentence"),
    [
        (
            "model",
            ["--lanes", "2", "--cycles", "3"],
            "--lanes and --cycles are two ways to schedule the same work; give one.",
        ),
        ("hardware", ["--lanes", "0"], "--lanes 0 is less than 1; give at least 1."),
        (
            "hardware",
            ["--lanes", "100000"],
            (
                "--lanes 100000 is more than 1024, and no board has so many multipliers; give at "
                "most 1024."
            ),
        ),
        ("model", ["--cycles", "0"], "--cycles 0 is less than 1; give at least 1."),
        ("model", ["--seed", "-1"], "--seed -1 is less than 0; give at least 0."),
        (
            "model",
            ["--clock", "0"],
            "--clock 0 is no clock in MHz; give one from 0.001 to 10,000, as in --clock 50.",
        ),
        (
            "model",
            ["--format", "99.99"],
            (
                "--format 99.99: Formats needs at most 63 bits for data, not 99, since NumPy "
                "computes with 64; use Fixed(63, 62) or fewer."
            ),
        ),
        (
            "model",
            ["--delay", "2"],
            "--delay belongs to a pipeline; give its clock too, as in --clock 50.",
        ),
        (
            "model",
            ["--interval", "2"],
            "--interval belongs to a pipeline; give its clock too, as in --clock 50.",
        ),
        (
            "hardware",
            ["--serial"],
            (
                "--serial cannot change a Hardware, which brings its own; leave the option out, or "
                "name the model."
            ),
        ),
        (
            "model",
            ["--cycles", "2", "--predict-only"],
            "--predict-only is for lanes, not --cycles; leave one of the two out.",
        ),
        (
            "model",
            ["--format", "16"],
            (
                "--format 16 is not two numbers with a point between them; write 16.12 for 16 "
                "bits, 12 of them after the binary point."
            ),
        ),
        (
            "hardware",
            ["--rule", "sgd(0.5)"],
            (
                "--rule sgd(0.5) cannot change a Hardware, which brings its own; leave the option "
                "out, or name the model."
            ),
        ),
        (
            "circuit",
            ["--lanes", "2"],
            (
                "--lanes 2 cannot change a Hardware whose schedule is spatial; leave the option "
                "out, or name the model."
            ),
        ),
        (
            "learned",
            [],
            (
                "program.py:learned is a Learner, whose rule and loss are in place already; name "
                "the model, or what compile_hardware returns."
            ),
        ),
    ],
)
def test_what_cannot_be_compiled(file, said, target, options, sentence) -> None:
    assert said("report", f"{file}:{target}", *options) == sentence


def test_parameters_that_were_saved(file, capsys, said) -> None:
    np.savez("saved.npz", weights=np.arange(12).reshape(4, 3))
    assert main(["sim", f"{file}:circuit", "--load", "saved.npz", "--samples", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 3
    np.savez("other.npz", weights=np.arange(4))
    sentence = said("sim", f"{file}:circuit", "--load", "other.npz")
    assert sentence.startswith("other.npz")


def test_simulation_says_how_much_was_equal(file, capsys) -> None:
    assert main(["sim", f"{file}:circuit", "--samples", "5"]) == 0
    captured = capsys.readouterr()
    # A prediction of 3 numbers, 12 parameters, and 2 counters, for each of the 5 samples.
    assert captured.out == (
        "circuit: 5 samples in amaranth, 85 integers compared, all equal to those of the integer "
        "program.\n"
    )
    assert captured.err == (
        "compile ...\nsimulate 5 samples in amaranth ...\ncompare with the integer program ...\n"
    )


def test_simulation_of_samples_in_a_file(file, capsys, said) -> None:
    random = np.random.default_rng(0)
    np.savez("data.npz", x=random.uniform(-1, 1, (6, 4)), y=random.uniform(-1, 1, (6, 3)))
    arguments = ["sim", f"{file}:circuit", "--data", "data.npz", "--json"]
    assert main([*arguments, "--samples", "4"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 4

    np.savez("short.npz", x=np.zeros((6, 3)), y=np.zeros((6, 3)))
    assert said("sim", f"{file}:circuit", "--data", "short.npz") == (
        "short.npz: x has rows of shape (3,), but the model takes 4 numbers of shape (1, 4) a "
        "sample; give as many."
    )
    np.savez("uneven.npz", x=np.zeros((6, 4)), y=np.zeros((5, 3)))
    assert said("sim", f"{file}:circuit", "--data", "uneven.npz") == (
        "uneven.npz has arrays of 5 and 6 rows; give each sample a row in all of them."
    )
    np.savez("absent.npz", x=np.zeros((6, 4)))
    assert said("sim", f"{file}:circuit", "--data", "absent.npz") == (
        "absent.npz has no array y (it has x); add one, with a row for each sample."
    )
    assert said("sim", f"{file}:circuit", "--data", "none.npz") == (
        "There is no file none.npz; name one of NumPy's arrays, as numpy.savez writes them."
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--samples", "0"], "--samples 0 is less than 1; give at least 1."),
        (
            ["--stall", "1"],
            (
                "--stall 1.0 is no probability with which a stream still moves; give one from 0 to "
                "less than 1."
            ),
        ),
    ],
)
def test_what_cannot_be_simulated(file, said, options, sentence) -> None:
    assert said("sim", f"{file}:circuit", *options) == sentence


@pytest.mark.parametrize("command", ["build", "sim", "export", "report"])
def test_the_examples_in_the_help_are_about_files_that_exist(command, capsys) -> None:
    with pytest.raises(SystemExit) as done:
        main([command, "--help"])
    assert done.value.code == 0
    examples = [
        line.split()
        for line in capsys.readouterr().out.splitlines()
        if f"catgrad {command}" in line
    ]
    files = [words[2].partition(":")[0] for words in examples if len(words) > 2]
    files = [file for file in files if file.startswith("examples/")]
    assert len(files) >= 2
    assert all((ROOT / file).is_file() for file in files)


def test_the_example_of_iris(report) -> None:
    assert report(f"{IRIS}:model", "--lanes", "2")["lanes"] == 2


def test_a_core(file, capsys) -> None:
    arguments = ["export", f"{file}:circuit", "-o", "core", "--name", "mac", "--vectors", "9"]
    assert main([*arguments, "--registers", "wishbone", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert {"core/mac.v", "core/mac.core", "core/README.md", "core/reference.py"} <= set(written)
    assert "module mac(" in Path("core/mac.v").read_text()
    assert all(Path(path).is_file() for path in written)


def test_a_core_whose_name_is_a_word_of_verilog(file, said) -> None:
    assert said("export", f"{file}:circuit", "--name", "module") == (
        "module is a keyword of Verilog and cannot name a module; choose another name, such as "
        "module_module."
    )
    assert not Path("build").exists()

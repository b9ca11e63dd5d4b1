"""`catgrad train`: what a board learns, and that nothing which happens on the way changes it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boards.beside import Beside
from boards.checkpoint import Checkpoint
from boards.design import told_apart
from boards.pty import PtyBoard
from boards.top import Top
from boards.verilated import VerilatedPort
from boards.watching.journal import beside
from catgrad import Dtype, Formats, NdArrayType, Spatial, compile_hardware, layers
from catgrad.circuit.format import Format, Integers
from catgrad.cli import live, main
from catgrad.cli.compiling import Compiled, add_arguments, initial, loaded
from catgrad.cli.compiling import compiled as compile_all
from catgrad.cli.lessons import Lessons, lessons
from catgrad.cli.loading import load
from catgrad.cli.train import matched
from catgrad.errors import CatgradError
from catgrad.hardware import Hardware
from tests.cli.runs import COMMAND, FILE, arrays, said, trained

WEIGHTS, CLASSES, LEARNED, TESTED = 6, 3, 24, 8


def compiled(file: Path) -> Compiled:
    module = load(file)
    hardware: Hardware = module.hardware
    parameters = hardware.quantise_parameters(initial(hardware, 0))
    return Compiled(hardware, "program", module, parameters)


def alone(made: Compiled, taught: Lessons) -> tuple[Beside, Integers]:
    """The integer program after all samples, without a board, and what it predicted."""
    program, samples = Beside(made.hardware), taught.samples
    program.begin(made.hardware.flatten(made.parameters))
    assert samples.y is not None
    rows = zip(samples.x, samples.y, samples.train, strict=True)
    return program, np.array([program.step(x, y, bool(train)) for x, y, train in rows])


def test_a_board_learns_what_the_integer_program_learns(program: Path, capsys) -> None:
    result = trained(capsys, "--compare", "--epochs", "2")
    made = compiled(program)
    taught = lessons(made, program, None, 2, 0)
    reference, predictions = alone(made, taught)
    kept = arrays("run.npz")
    assert kept["parameters"] == reference.parameters.tolist()
    assert kept["position"] == result["samples"] == 2 * (LEARNED + TESTED)
    assert tuple(result["counters"].values()) == reference.counters
    # Of 64 samples the answer, and at 10, 20, ..., 60, 64 the parameters and three counters.
    assert result["equal_integers"] == 64 * CLASSES + 7 * (WEIGHTS + 3)
    assert taught.samples.y is not None
    targets, answers = (a[-TESTED:].argmax(axis=1) for a in (taught.samples.y, predictions))
    assert result["test_accuracy"] == np.mean(targets == answers)
    wanted = np.zeros((CLASSES, CLASSES), int)
    np.add.at(wanted, (targets, answers), 1)
    assert result["confusion"] == wanted.tolist()
    assert result["link"]["resent"] == result["link"]["restored"] == 0


@pytest.mark.usefixtures("program")
def test_what_it_says(capsys) -> None:
    assert main([*COMMAND, "--compare"]) == 0
    captured = capsys.readouterr()
    first, heading, *table = captured.out.splitlines()
    assert first.startswith("program: 24 samples learned in ")
    assert first.endswith(
        " integers of the board, all equal to those of the program. The parameters are in run.npz."
    )
    assert heading == "answers (columns) to targets (rows): 8 test samples after epoch 1"
    assert [line.split()[0] for line in table[1:]] == ["0", "1", "2"]
    lines = said(captured.err)
    assert lines[-1].startswith("sample 32 of 32, epoch 1, loss ")
    assert lines[-1].endswith(" integers equal")


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("blocks", [1, 3])
def test_ctrl_c_leaves_a_checkpoint(capsys, monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    """And the run goes on from there with the same integers."""
    whole = trained(capsys, "--compare", "--checkpoint", "whole.npz")
    seen = []

    def press(_view: object, state: object) -> None:
        seen.append(state)
        if len(seen) == blocks:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(live.View, "show", press)
        assert main([*COMMAND, "--compare"]) == 130
    position = arrays("run.npz")["position"]
    assert 0 < position < 32
    assert capsys.readouterr().out.endswith(
        f" are in run.npz, after {position} of 32 samples; go on with --resume.\n"
    )
    assert json.loads(beside("run.npz").read_text().splitlines()[-1])["how"] == "interrupted"
    result = trained(capsys, "--compare", "--resume")
    assert arrays("run.npz") == arrays("whole.npz")
    for same in ("samples", "learned", "confusion", "counters", "test_accuracy", "test_loss"):
        assert result[same] == whole[same]
    positions = [json.loads(line) for line in beside("run.npz").read_text().splitlines()[1:-1]]
    assert [p["first"] for p in positions] == [0, *(p["position"] for p in positions[:-1])]


@pytest.mark.usefixtures("program")
def test_a_second_ctrl_c_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def press(_view: object, _state: object) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(live.View, "show", press)
    before = signal.getsignal(signal.SIGINT)
    assert main([*COMMAND]) == 130
    assert arrays("run.npz")["position"] == 0
    assert json.loads(beside("run.npz").read_text().splitlines()[-1])["how"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_board_at_a_serial_port(program: Path, capsys) -> None:
    made = compiled(program)
    simulated = trained(capsys, "--checkpoint", "simulated.npz")
    with PtyBoard(VerilatedPort(Top(made.component, "program", 2))) as board:
        command = ["train", "program.py", "--port", board.path, "--board", "icebreaker", "--json"]
        assert main([*command, "--checkpoint", "run.npz"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counters"] == simulated["counters"]
    assert arrays("run.npz") == arrays("simulated.npz")


def test_a_design_file_of_channels() -> None:
    one, four = (NdArrayType((n,), Dtype.float32) for n in (1, 4))
    rule, formats = layers.sgd(2**-4), Formats.uniform(12, 8)
    schedule = Spatial(clock=50e6, channels=3)
    model = layers.linear(one, four, one)
    hardware = compile_hardware(model, rule, layers.mse, formats, schedule)
    design = Top(hardware.component(), "channels", 2).design
    assert len(design.parameters) == 3 * 4
    matched("channels.design.json", design, Compiled(hardware, "channels", None, []))


def test_a_design_file(program: Path, capsys) -> None:
    made = compiled(program)
    top = Top(made.component, "program", 2)
    design = dataclasses.replace(top.design, baud=115_200, clock_hz=12e6)
    Path("program.design.json").write_text(design.to_json())
    with PtyBoard(VerilatedPort(top)) as board:
        command = ["train", "program.py", "--port", board.path, "--design", "program.design.json"]
        assert main([*command, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["checkpoint"] == "build/program.npz"
        assert main([*command[:1], "program.py:model", *command[2:]]) == 1
    assert said(capsys.readouterr().err) == [
        (
            "program.design.json is of a design whose x is 2 numbers of 8 bits, and that of "
            "program_model is 2 numbers of 16 bits; name the design file of a bitstream that was "
            "built from this program."
        )
    ]


@pytest.mark.parametrize(
    ("found", "has"),
    [
        ([Format(8, True)], "1 number of 8 bits"),
        ([Format(8, False)] * 2, "2 unsigned numbers of 8 bits"),
        ([Format(8, False), Format(8, True)], "2 signed and unsigned numbers of 8 bits"),
    ],
)
def test_a_design_file_of_other_numbers(program: Path, found: list[Format], has: str) -> None:
    made = compiled(program)
    design = dataclasses.replace(Top(made.component, "program", 2).design, x=tuple(found))
    with pytest.raises(CatgradError) as error:
        matched("other.design.json", design, made)
    assert str(error.value) == (
        f"other.design.json is of a design whose x is {has}, and that of program is 2 numbers of 8 "
        f"bits; name the design file of a bitstream that was built from this program."
    )


@given(*[st.lists(st.builds(Format, st.integers(1, 3), st.booleans()), max_size=4)] * 2)
def test_rows_that_differ_sound_different(one: list[Format], other: list[Format]) -> None:
    if one != other:
        texts = told_apart(one, other)
        assert texts[0] != texts[1]


def test_another_bitstream(program: Path, capsys) -> None:
    made = compiled(program)
    with PtyBoard(VerilatedPort(Top(made.component, "program", 2))) as board:
        command = ["train", "program.py", "--port", board.path, "--board", "icebreaker"]
        assert main([*command, "--seed", "1"]) == 1
    [line] = said(capsys.readouterr().err)
    assert line.startswith("The board runs design ")
    assert line.endswith(" or open the design file of the one on the board.")


def test_a_board_that_is_pulled_out(program: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    board = PtyBoard(VerilatedPort(Top(compiled(program).component, "program", 2)))
    monkeypatch.setattr(live.View, "show", lambda *_: board.close())
    command = ["train", "program.py", "--port", board.path, "--board", "icebreaker"]
    assert main([*command, "--checkpoint", "run.npz"]) == 1
    [line] = said(capsys.readouterr().err)
    assert line.startswith("The line to the board is gone (")
    assert line.endswith("); connect it again, and go on from the last checkpoint with --resume.")
    assert json.loads(beside("run.npz").read_text().splitlines()[-1])["how"] == "failed"


def test_samples_in_a_file(program: Path, capsys) -> None:
    made = compiled(program)
    np.savez("samples.npz", **made.module.data())
    result = trained(capsys, "--data", "samples.npz")
    other = trained(capsys)
    for same in ("samples", "confusion", "counters", "training_loss"):
        assert result[same] == other[same]


def test_targets_that_are_no_classes(program: Path, capsys) -> None:
    random = np.random.default_rng(0)
    np.savez("samples.npz", x=random.normal(size=(20, 2)), y=random.normal(size=(20, 3)))
    result = trained(capsys, "--data", "samples.npz", "--in-order")
    assert result["confusion"] is result["training_accuracy"] is result["test_loss"] is None
    made = compiled(program)
    taught = lessons(made, program, "samples.npz", 1, 0, in_order=True)
    _, predictions = alone(made, taught)
    [T], [Y] = made.hardware.prediction_types, made.hardware.y_types
    assert taught.samples.y is not None
    errors = predictions * T.fixed.step - taught.samples.y * Y.fixed.step
    np.testing.assert_allclose(result["training_loss"], (errors**2).sum(axis=1).mean() / 2)


@given(st.integers(1, 4), st.integers(0, 2**32 - 1), st.booleans())
def test_every_epoch_has_every_sample_once(epochs: int, seed: int, in_order: bool) -> None:
    made, taught = LESSONS.get(epochs, seed, in_order)
    data = made.module.data()
    rows = taught.samples.x.reshape(epochs, LEARNED + TESTED, 2)
    given = [made.hardware.flatten(made.hardware.quantise_x(x[None])).tolist() for x in data["x"]]
    for epoch in rows[:, :LEARNED].tolist():
        assert (epoch if in_order else sorted(epoch)) == (given if in_order else sorted(given))
    assert (rows[:, LEARNED:] == rows[:1, LEARNED:]).all()
    flags = taught.samples.train.reshape(epochs, -1)
    assert flags[:, :LEARNED].all()
    assert not flags[:, LEARNED:].any()


class _Lessons:
    """The lessons of one program, compiled once."""

    made: Compiled | None = None

    def get(self, epochs: int, seed: int, in_order: bool) -> tuple[Compiled, Lessons]:
        if self.made is None:
            module: Any = type(sys)("program")
            exec(FILE, vars(module))
            hardware = module.hardware
            parameters = hardware.quantise_parameters(initial(hardware, 0))
            self.made = Compiled(hardware, "program", module, parameters)
        path = Path("program.py")
        return self.made, lessons(self.made, path, None, epochs, seed, in_order)


LESSONS = _Lessons()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            [],
            (
                "A run has one board, given by --port or --simulate; give one of the "
                "two, as in --port /dev/ttyUSB1."
            ),
        ),
        (
            ["--port", "/dev/none"],
            (
                "What runs on the board has to be known; name the board that it was built for with "
                "--board, or the .design.json beside its bitstream with --design."
            ),
        ),
        (["--simulate", "--epochs", "0"], "--epochs 0 is less than 1; give at least 1."),
        (["--simulate", "--every", "0"], "--every 0 is less than 1; give at least 1."),
        (
            ["--simulate", "--checkpoint", "run.json"],
            "run.json is not the name of a .npz file; end it in .npz.",
        ),
        (
            ["--simulate", "--checkpoint", "run.npz", "--resume"],
            "There is no checkpoint run.npz; begin the run from its first sample.",
        ),
    ],
)
@pytest.mark.usefixtures("program")
def test_arguments_that_make_no_run(capsys, options: list[str], sentence: str) -> None:
    assert main(["train", "program.py", *options]) == 1
    captured = capsys.readouterr()
    assert (captured.out, said(captured.err)) == ("", [sentence])


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (
            "",
            (
                "program.py has no function data() that returns samples; name a file with --data, "
                "or write one that returns a dict of arrays x, y, and perhaps x_test, y_test."
            ),
        ),
        (
            "def data():\n    return 3\n",
            "program.py:data returns int, not a dict of arrays; return dict(x=..., y=...).",
        ),
        (
            "def data():\n    return {'x': np.zeros((0, 2)), 'y': np.zeros((0, 3))}\n",
            "program.py:data has no samples in x; give at least one row.",
        ),
        (
            "def data():\n    return {'x': np.zeros((4, 2))}\n",
            ("program.py:data has no array y (it has x); add one, with a row for each sample."),
        ),
    ],
)
def test_a_file_without_samples(program: Path, capsys, function: str, sentence: str) -> None:
    program.write_text(FILE[: FILE.index("def data")] + function)
    assert main([*COMMAND]) == 1
    assert said(capsys.readouterr().err) == [sentence]


@pytest.mark.usefixtures("program")
def test_hardware_that_only_predicts(capsys) -> None:
    options = ["--simulate", "--lanes", "1", "--predict-only"]
    assert main(["train", "program.py:model", *options]) == 1
    assert said(capsys.readouterr().err) == [
        (
            "program_model only predicts, so there is nothing to train; leave --predict-only "
            "out, or name a model with parameters."
        )
    ]


def test_a_run_that_begins_with_what_another_learned(program: Path, capsys) -> None:
    trained(capsys)
    learned = arrays("run.npz")["parameters"]
    more = trained(capsys, "--load", "run.npz", "--checkpoint", "more.npz", "--epochs", "2")
    assert more["samples"] == 2 * (LEARNED + TESTED)
    made = compiled(program)
    reference = Beside(made.hardware)
    reference.begin(learned)
    samples = lessons(made, program, None, 2, 0).samples
    assert samples.y is not None
    for x, y, train in zip(samples.x, samples.y, samples.train, strict=True):
        reference.step(x, y, bool(train))
    assert arrays("more.npz")["parameters"] == reference.parameters.tolist()
    options = ["--simulate", "--format", "8.7", "--load", "run.npz"]
    assert main(["train", "program.py:wide", *options]) == 1
    assert said(capsys.readouterr().err) == [
        (
            "run.npz is a checkpoint of 6 parameters, and this program has 9; load one of this "
            "program."
        )
    ]


@pytest.mark.parametrize(
    ("steps", "format", "sentence"),
    [
        (
            True,
            "8.6",
            (
                "run.npz is a checkpoint whose parameter 0 counts steps of 0.03125, and that of "
                "this program steps of 0.015625; load one of the same formats."
            ),
        ),
        (
            False,
            "6.5",
            (
                "run.npz is a checkpoint whose parameter 1 is 100, and that of this program goes "
                "from -32 to 31; load one of the same formats."
            ),
        ),
    ],
)
@pytest.mark.usefixtures("program")
def test_a_checkpoint_in_other_formats(capsys, steps: bool, format: str, sentence: str) -> None:
    """One that does not say what its steps are has its range alone to be known by."""
    known = (2.0**-5,) * WEIGHTS if steps else ()
    learned = np.array([1, 100, 2, 3, 4, 5])
    Checkpoint("00", "data", 0, learned, (0, 0, 0), known).save("run.npz")
    options = ["--simulate", "--format", format, "--load", "run.npz"]
    assert main(["train", "program.py:model", *options]) == 1
    assert said(capsys.readouterr().err) == [sentence]


def test_a_run_keeps_what_its_parameters_are_worth(program: Path, capsys) -> None:
    trained(capsys)
    assert arrays("run.npz")["steps"] == [2.0**-5] * WEIGHTS
    assert loaded("run.npz", compiled(program).hardware)[0].size == WEIGHTS


def test_a_model_and_the_hardware_of_its_file_have_files_of_their_own(program: Path) -> None:
    def name(target: str) -> str:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        return compile_all(parser.parse_args([target])).name

    assert [name("program.py"), name("program.py:model")] == ["program", "program_model"]
    assert [name("program.py:hardware"), name("program.py:wide")] == ["program", "wide"]
    program.write_text(FILE.replace("hardware =", "circuit ="))
    assert name("program.py:model") == "program"

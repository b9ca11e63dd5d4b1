"""What a file puts in front of its hardware on a board."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boards.design import Design
from boards.report import BuildReport
from catgrad import Folded, compile_hardware, layers
from catgrad.cli import main
from catgrad.cli.compiling import Compiled
from catgrad.cli.loading import load
from tests.cli.runs import arrays, said, trained

FRONT = """\
def front(hardware):
    [sample] = {shape_of(format) for format in hardware.netlist.input("x").formats}
    return DelayLine(sample, 3)
"""

FILE = f"""\
import numpy as np

from catgrad import Dtype, Formats, NdArrayType, Spatial, compile_hardware, layers
from catgrad.hdl.delay_line import DelayLine
from catgrad.hdl.layout import shape_of

def T(n):
    return NdArrayType((n,), Dtype.float32)

model = layers.linear(T(1), T(3), T(1))
hardware = compile_hardware(
    model, layers.sgd(2**-4), layers.mse, Formats.uniform(12, 8), Spatial(cycles=1)
)

{FRONT}
def data():
    x = np.random.default_rng(7).uniform(-0.9, 0.9, 300)
    y = np.convolve(x, [0.5, -0.25, 0.125])[:300]
    return {{"x": x[:250, None], "y": y[:250, None], "x_test": x[250:], "y_test": y[250:]}}
"""


@pytest.fixture
def filter(program: Path) -> Path:
    """A file with an adaptive filter behind a delay line."""
    program.write_text(FILE)
    return program


@pytest.mark.usefixtures("filter")
def test_a_filter_learns_behind_its_delay_line(capsys: pytest.CaptureFixture[str]) -> None:
    result = trained(capsys, "--compare", "--epochs", "4")
    assert result["samples"] == 4 * 300
    assert result["test_loss"] < 1e-3
    kept = arrays("run.npz")
    np.testing.assert_allclose(np.array(kept["parameters"]) / 256, [0.5, -0.25, 0.125], atol=0.04)
    assert result["equal_integers"] >= 4 * 300


@pytest.mark.usefixtures("filter")
def test_a_build_has_the_front(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "program.py", "--board", "arty_a7", "--json"]) == 0
    report = BuildReport.from_json(capsys.readouterr().out)
    design = Design.read(Path("build/arty_a7") / report.file(".design.json"))
    assert (len(design.x), design.history, design.baud) == (1, 2, 1_000_000)


@pytest.mark.parametrize(
    ("front", "sentence"),
    [
        (
            "front = 3\n",
            (
                "program.py:front is of type int, not a function; write front(hardware), which "
                "returns a DelayLine, or give it another name."
            ),
        ),
        (
            "def front(hardware):\n    return 3\n",
            (
                "program.py:front returns int, which is no component with streams i and o, a "
                "history and a model; return a DelayLine, or None where nothing stands in front."
            ),
        ),
        (
            (
                "class Line:\n    history = 2\n    model = print\n\n"
                "def front(hardware):\n    return Line()\n"
            ),
            (
                "program.py:front returns Line, which is no component with streams i and o, a "
                "history and a model; return a DelayLine, or None where nothing stands in front."
            ),
        ),
        (
            (
                "from amaranth.lib.wiring import Component, In, Out\n\n"
                "class Wires(Component):\n    i: In(8)\n    o: Out(8)\n    history = 2\n"
                "    model = print\n\ndef front(hardware):\n    return Wires()\n"
            ),
            (
                "program.py:front returns Wires, which is no component with streams i and o, a "
                "history and a model; return a DelayLine, or None where nothing stands in front."
            ),
        ),
        (
            FRONT.replace("3", "2"),
            (
                "The DelayLine before program gives 2 numbers of 12 bits and the learner takes 3 "
                "numbers of 12 bits; make the front from hardware.netlist.input('x').formats."
            ),
        ),
    ],
)
def test_fronts_that_are_none(
    filter: Path, capsys: pytest.CaptureFixture[str], front: str, sentence: str
) -> None:
    filter.write_text(FILE.replace(FRONT, front))
    assert main(["train", "program.py", "--simulate"]) == 1
    assert said(capsys.readouterr().err) == [sentence]


def test_a_front_may_leave_hardware_alone(filter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The model takes three numbers then."""
    filter.write_text(FILE.replace(FRONT, "def front(hardware):\n    return None\n"))
    assert main(["train", "program.py", "--simulate"]) == 1
    assert said(capsys.readouterr().err) == [
        (
            "program.py:data: x has rows of shape (1,), but the model takes 3 numbers of shape "
            "(1, 3) a sample; give as many."
        )
    ]


@pytest.mark.usefixtures("filter")
def test_no_front_before_lanes(capsys: pytest.CaptureFixture[str]) -> None:
    """Unless the file says so, as that of the example does."""
    assert main(["build", "program.py:model", "--board", "arty_a7", "--lanes", "1"]) == 1
    assert said(capsys.readouterr().err) == [
        (
            "program_model runs on lanes, which take their numbers one by one, and a DelayLine "
            "gives all at once; compile it with Spatial, as --cycles does, or leave the front out, "
            "as a front(hardware) does that returns None."
        )
    ]
    module = load(Path(__file__).parents[2] / "examples" / "lms.py")
    one = compile_hardware(
        module.model(), layers.sgd(module.RATE), layers.mse, module.FORMATS, Folded(lanes=1)
    )
    assert Compiled(one, "lms", module, []).front is None
    assert Compiled(module.hardware(), "lms", module, []).front is not None


def test_no_test_of_a_board_that_always_learns(
    filter: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is known before a board is simulated."""
    filter.write_text(FILE.replace("Spatial(cycles=1)", "Spatial(clock=20e6, always=True)"))
    monkeypatch.setattr("catgrad.cli.train.VerilatedPort", None)
    assert main(["train", "program.py", "--simulate"]) == 1
    assert said(capsys.readouterr().err) == [
        (
            "program learns from every sample, and so from 50 that it is to be tested on; leave "
            "x_test out, or compile it without always."
        )
    ]


def test_no_run_on_memory_that_cannot_be_reset(
    filter: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is known before a board is simulated, too."""
    filter.write_text(
        "import numpy as np\n"
        "from catgrad import Folded, Formats, dsp\n"
        "hardware = dsp.lms(4, 2**-4).hardware(Formats.uniform(12, 8), Folded(lanes=1))\n"
        "def data():\n"
        "    return {'x': np.zeros((4, 1)), 'y': np.zeros((4, 1))}\n"
    )
    monkeypatch.setattr("catgrad.cli.train.VerilatedPort", None)
    assert main(["train", "program.py", "--simulate"]) == 1
    [line] = said(capsys.readouterr().err)
    assert line.startswith("program keeps ")
    assert line.endswith(
        " numbers of memory in block RAM, which the link cannot reset; for a board compile it with "
        "Spatial, as --cycles 1 does, whose registers it can."
    )

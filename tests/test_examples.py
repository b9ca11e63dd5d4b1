"""The examples run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import bitstream
import pytest

import boards
from boards.design import Design
from boards.port import SerialPort
from boards.simulated import SimulatedPort
from boards.top import Top

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_simulated_board_learns_what_the_integer_program_learns() -> None:
    done = run("examples/talk.py", "--samples", "6")
    assert done.returncode == 0, done.stderr
    assert "6 samples learned; 48 integers from the board, all equal\n" in done.stdout


def test_a_port_that_is_not_there() -> None:
    done = run("examples/talk.py", "--port", "/dev/none")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "Cannot open the serial port /dev/none: No such file or directory (serial ports present: "
    )
    assert done.stderr.count("\n") == 1


def test_a_board_that_nobody_knows(tmp_path: Path) -> None:
    done = run("examples/bitstream.py", "--board", "foo", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr == (
        "There is no board named 'foo'; name one of icebreaker, hx8k, ulx3s, orangecrab, "
        "tang_nano_9k, tang_nano_20k, arty_a7, or copy boards/icebreaker.py for your own and add "
        "its name to boards.BOARDS.\n"
    )
    assert not (tmp_path / "out").exists()


def test_an_example_that_nobody_knows() -> None:
    done = run("examples/bitstream.py", "--board", "ulx3s", "--example", "tides")
    assert done.returncode == 1
    assert done.stderr == (
        "There is no example named 'tides'; the examples are digits, iris, large, lms; name one of "
        "these.\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", bitstream.TOPS)
def test_every_example_can_be_built(name: str, tmp_path: Path) -> None:
    """For a board whose bitstreams come from its vendor's tools, so that no tool runs here."""
    report = bitstream.build_example("arty_a7", name, tmp_path)
    assert all((tmp_path / file).read_bytes() for file in report.files)


def test_what_the_documents_say_of_blocks_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "scale.md").read_text()
    [snippet] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    known: dict[str, Any] = {}
    exec(snippet, known)
    assert known["program"].source.count("def mlp") < 8  # one function for all eight layers
    assert capsys.readouterr().out.startswith("32 parameters")


def test_what_the_documents_say_to_a_board_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same design, in a simulator."""
    text = (ROOT / "docs" / "protocol.md").read_text()
    snippet = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    _, learner, front = bitstream.lms_parts()
    top = Top(learner, "lms", 2, front)
    monkeypatch.setattr(Design, "read", lambda _path: top.design)
    monkeypatch.setattr(SerialPort, "to", lambda _path, _design: SimulatedPort(top))
    known: dict[str, Any] = {}
    exec(snippet, known)
    assert known["device"].counters()[0] == 2


@pytest.mark.parametrize("name", ["icebreaker", "hx8k"])
def test_the_filter_of_a_board_can_be_trained(name: str) -> None:
    """It keeps nothing that no load brings back."""
    design = bitstream.lms_top(boards.get(name)).design
    assert design.memory == 0
    assert design.history is not None

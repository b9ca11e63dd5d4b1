"""Serial ports of this computer, with a pseudo-terminal for the cable."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from errno import EACCES
from types import SimpleNamespace

import pytest
from serial import SerialException
from serial.tools import list_ports

from boards.design import Design
from boards.exchange import Exchange
from boards.port import SerialPort
from boards.protocol import ANSWER, Frame, Frames
from catgrad.errors import CatgradError


@pytest.fixture
def cable() -> Iterator[tuple[SerialPort, int]]:
    """A port, and the file descriptor of what is plugged into it."""
    board, computer = os.openpty()
    port = SerialPort(os.ttyname(computer), 115_200, timeout_s=0.1)
    yield port, board
    port.close()
    os.close(computer)
    os.close(board)


def test_bytes_go_both_ways(cable: tuple[SerialPort, int]) -> None:
    port, board = cable
    port.write(b"\x00\xa5\xff")
    assert os.read(board, 10) == b"\x00\xa5\xff"
    os.write(board, b"\x11\x13\x0d\x0a\x7f")
    assert port.read(2) == b"\x11\x13"
    assert port.read(5) == b"\x0d\x0a\x7f"
    assert port.read(1) == b""


def test_cleared_bytes_are_gone(cable: tuple[SerialPort, int]) -> None:
    port, board = cable
    os.write(board, b"old")
    assert port.read(1) == b"o"
    port.clear()
    os.write(board, b"new")
    assert port.read(3) == b"new"


@pytest.mark.parametrize(
    ("devices", "present"),
    [([], "none"), (["/dev/ttyUSB1", "/dev/ttyUSB0"], "/dev/ttyUSB0, /dev/ttyUSB1")],
)
def test_a_port_that_is_not_there(
    devices: list[str], present: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = [SimpleNamespace(device=device) for device in devices]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    with pytest.raises(CatgradError) as error:
        SerialPort("/dev/ttyUSB7", 115_200)
    assert str(error.value) == (
        f"Cannot open the serial port /dev/ttyUSB7: No such file or directory (serial ports "
        f"present: {present}); connect the board, close other programs that use it, or name "
        f"another port."
    )


def test_a_port_that_others_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SerialException(EACCES, "could not open port")

    monkeypatch.setattr(list_ports, "comports", list)
    monkeypatch.setattr("serial.Serial", refuse)
    with pytest.raises(CatgradError) as error:
        SerialPort("/dev/ttyUSB7", 115_200)
    assert str(error.value) == (
        "Cannot open the serial port /dev/ttyUSB7: Permission denied (serial ports present: none); "
        "join the group that may use it, mostly by `sudo usermod -aG dialout $USER`, and log in "
        "again."
    )


def test_no_pyserial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(CatgradError) as error:
        SerialPort("/dev/ttyUSB0", 115_200)
    assert str(error.value) == (
        "The package pyserial, which opens serial ports, is missing; install it with `pip install "
        "'catgrad[boards]'`."
    )


@pytest.mark.parametrize("command", [["doctor"], ["draw", "--help"]])
def test_commands_without_a_board_need_no_pyserial(command: list[str]) -> None:
    program = (
        "import sys; sys.modules['serial'] = None; from catgrad.cli import main; "
        f"sys.exit(main({command}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


SLOW = Design("slow", True, (), (), (), (), "00", baud=1_000_000, clock_hz=12e6)


@pytest.mark.parametrize(
    ("interval", "patience_s"), [(1, 0.504), (641, 0.504), (24_000_000, 4.504)]
)
def test_a_port_is_as_fast_and_as_patient_as_its_board(
    interval: int, patience_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = {}

    def note(path: str, baud: int, timeout: float, **_: object) -> SimpleNamespace:
        opened.update(path=path, baud=baud, timeout=timeout)
        return SimpleNamespace()

    monkeypatch.setattr("serial.Serial", note)
    SerialPort.to("/dev/ttyUSB1", dataclasses.replace(SLOW, interval=interval))
    assert (opened["path"], opened["baud"]) == ("/dev/ttyUSB1", 1_000_000)
    assert opened["timeout"] == pytest.approx(patience_s, rel=1e-2)


def test_a_sample_may_take_longer_than_a_line_is_silent() -> None:
    """And the request is not sent a second time."""
    board, computer = os.openpty()
    port = SerialPort.to(os.ttyname(computer), dataclasses.replace(SLOW, interval=120_000_000))
    exchange = Exchange(port, "slow")

    def answer() -> None:
        request = Frames()
        while not (found := request.feed(os.read(board, 100))):
            pass
        time.sleep(0.7)
        [frame] = found
        os.write(board, Frame(frame.kind + ANSWER, frame.sequence, b"late").to_bytes())

    with ThreadPoolExecutor(1) as threads:
        threads.submit(answer)
        assert exchange.greet() == b"late"
    assert exchange.resent == 0
    port.close()
    os.close(computer)
    os.close(board)


def test_a_design_of_no_board() -> None:
    with pytest.raises(CatgradError) as error:
        SerialPort.to("/dev/ttyUSB1", dataclasses.replace(SLOW, baud=None))
    assert str(error.value) == (
        "The design slow does not say the baud rate and the clock of its board; build it for one, "
        "and name the .design.json beside the bitstream."
    )

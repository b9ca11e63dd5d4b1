"""Serial ports of this computer, with a pseudo-terminal for the cable."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from boards.port import SerialPort
from catgrad.errors import CatgradError


@pytest.fixture
def cable() -> Iterator[tuple[SerialPort, int]]:
    """A port, and the file descriptor of what is plugged into it."""
    board, computer = os.openpty()
    port = SerialPort(os.ttyname(computer), timeout_s=0.1)
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
        SerialPort("/dev/ttyUSB7")
    assert str(error.value) == (
        f"Cannot open the serial port /dev/ttyUSB7: No such file or directory (serial ports "
        f"present: {present}); connect the board, close other programs that use it, or name "
        f"another port."
    )


def test_no_pyserial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(CatgradError) as error:
        SerialPort("/dev/ttyUSB0")
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

"""Where a host's bytes go: a serial port, or a simulated board."""

from __future__ import annotations

from typing import Protocol

import serial
from serial.tools.list_ports import comports

from catgrad.errors import CatgradError


class Port(Protocol):
    """Bytes to a board and back."""

    def write(self, data: bytes) -> None:
        """Send bytes, all of them."""

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer if the line is silent for too long."""

    def clear(self) -> None:
        """Forget what has arrived and not been read."""


class SerialPort:
    """A serial port of this computer, such as `/dev/ttyUSB1`, `COM3`.

    A silence of `timeout_s` ends a `read`. CatgradError if there is no such port, or it is in use.
    """

    def __init__(self, path: str, baud: int = 115_200, timeout_s: float = 1.0) -> None:
        try:
            self._serial = serial.Serial(path, baud, timeout=timeout_s)
        except serial.SerialException as error:
            present = ", ".join(sorted(port.device for port in comports())) or "none"
            raise CatgradError(
                f"Cannot open the serial port {path} (serial ports present: {present}); connect "
                f"the board, close other programs that use it, or name another port."
            ) from error

    def write(self, data: bytes) -> None:
        """Send bytes, all of them."""
        self._serial.write(data)

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer if the line is silent for too long."""
        data = b""
        while len(data) < count:
            there = min(count - len(data), max(1, self._serial.in_waiting))
            more = self._serial.read(there)
            if not more:
                break
            data += more
        return data

    def clear(self) -> None:
        """Forget what has arrived and not been read."""
        self._serial.reset_input_buffer()

    def close(self) -> None:
        """Let other programs have the port."""
        self._serial.close()

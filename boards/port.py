"""Where a host's bytes go: a serial port, or a simulated board."""

from __future__ import annotations

import os
from contextlib import suppress
from errno import EACCES
from typing import Protocol, Self

from boards.design import Design
from boards.protocol import PAYLOAD_LIMIT
from catgrad.errors import CatgradError


class Port(Protocol):
    """Bytes to a board and back."""

    def write(self, data: bytes) -> None:
        """Send bytes, all of them."""

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer if the line is silent for too long."""

    def clear(self) -> None:
        """Forget what has arrived and not been read."""


PAUSE_S = 0.5
"""How long a line may be silent though nothing is wrong: adapters, and systems, that are busy."""


class SerialPort:
    """A serial port of this computer, such as `/dev/ttyUSB1`, `COM3`.

    A silence of `timeout_s` ends a `read`. CatgradError if there is no such port, if it is in use,
    or without the package pyserial; OSError where the line goes away later.
    """

    def __init__(self, path: str, baud: int, timeout_s: float = PAUSE_S) -> None:
        try:  # Only who has a board needs it.
            import serial
            from serial.tools.list_ports import comports
        except ImportError:
            raise CatgradError(
                "The package pyserial, which opens serial ports, is missing; install it with "
                "`pip install 'catgrad[boards]'`."
            ) from None
        # The longest frame, each byte of it escaped, with ten bits on the line for each byte.
        longest_s = 2 * 10 * PAYLOAD_LIMIT / baud
        try:
            self._serial = serial.Serial(
                path, baud, timeout=timeout_s, write_timeout=timeout_s + longest_s, exclusive=True
            )
            # An adapter would hold answers back for up to 16 ms; not all can be told otherwise.
            with suppress(AttributeError, RuntimeError, ValueError, OSError):
                self._serial.set_low_latency_mode(True)
        except serial.SerialException as error:
            present = ", ".join(sorted(port.device for port in comports())) or "none"
            cause = os.strerror(error.errno) if error.errno else str(error)
            advice = "connect the board, close other programs that use it, or name another port"
            if error.errno == EACCES:
                advice = (
                    "join the group that may use it, mostly by `sudo usermod -aG dialout $USER`, "
                    "and log in again"
                )
            raise CatgradError(
                f"Cannot open the serial port {path}: {cause} (serial ports present: {present}); "
                f"{advice}."
            ) from error

    @classmethod
    def to(cls, path: str, design: Design) -> Self:
        """The port of a board: at the baud rate of its design, and as patient as that needs.

        CatgradError if the design was built for no board.
        """
        if design.baud is None or design.clock_hz is None:
            raise CatgradError(
                f"The design {design.name} does not say the baud rate and the clock of its board; "
                f"build it for one, and name the .design.json beside the bitstream."
            )
        return cls(path, design.baud, PAUSE_S + design.silent_cycles / design.clock_hz)

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
        try:
            self._serial.reset_input_buffer()
        except Exception as error:  # Where the port is gone it may be one of termios.
            raise OSError(*error.args) from error

    def close(self) -> None:
        """Let other programs have the port."""
        self._serial.close()

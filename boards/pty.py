"""A port that other programs can open: a pseudo-terminal in front of a simulated board."""

from __future__ import annotations

import contextlib
import os
import select
import tty
from threading import Event, Thread

from boards.port import Port

CHUNK = 4096
"""The most bytes that are passed on at a time."""

POLL_S = 0.05
"""How often the board is asked whether it has more to say, where nobody writes."""


class PtyBoard:
    """A board, simulated or not, behind a device file such as `/dev/pts/3`.

    Any program that speaks to a serial port may open `path`: what it writes goes to the board, and
    what the board says can be read there, until `close`. The port belongs to this object as long.

    >>> from collections import deque
    >>> from boards.port import SerialPort
    >>> class Echo:
    ...     def __init__(self):
    ...         self.said = deque()
    ...     def write(self, data):
    ...         self.said.extend(data)
    ...     def read(self, count):
    ...         return bytes(self.said.popleft() for _ in range(min(count, len(self.said))))
    ...     def clear(self):
    ...         self.said.clear()
    >>> with PtyBoard(Echo()) as board:
    ...     port = SerialPort(board.path, 115_200)
    ...     port.write(b"abc")
    ...     print(port.read(3))
    ...     port.close()
    b'abc'
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        # The far end stays open, so that a program may come and go.
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self.path = os.ttyname(self._far)
        self._stop = Event()
        self._thread = Thread(target=self._serve, name="board", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        """Pass bytes on, in both directions."""
        while not self._stop.is_set():
            readable, _, _ = select.select([self._near], [], [], POLL_S)
            if not readable:
                continue
            self._port.write(os.read(self._near, CHUNK))
            while data := self._port.read(1):
                with contextlib.suppress(BlockingIOError):  # Nobody has read for a long time.
                    os.write(self._near, data)

    def close(self) -> None:
        """End it; the path is gone."""
        self._stop.set()
        self._thread.join()
        for end in (self._near, self._far):
            with contextlib.suppress(OSError):
                os.close(end)

    def __enter__(self) -> PtyBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

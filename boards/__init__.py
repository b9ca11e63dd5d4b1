"""Boards: from a hardware design to a bitstream, and the program that talks to it afterwards.

>>> import boards
>>> boards.get("icebreaker").clock_hz
12000000.0
"""

from importlib import import_module
from importlib.util import find_spec

from boards.board import Board
from catgrad.errors import CatgradError

BOARDS = (
    "icebreaker",
    "hx8k",
    "ulx3s",
    "orangecrab",
    "tang_nano_9k",
    "tang_nano_20k",
    "arty_a7",
)
"""Each is a module of this package, in which `BOARD` is the board."""


def get(name: str) -> Board:
    """The board of this name. CatgradError, which lists the boards there are, if there is none."""
    if name not in BOARDS:
        raise CatgradError(
            f"There is no board named {name!r}; name one of {', '.join(BOARDS)}, or copy "
            f"boards/icebreaker.py for your own and add its name to boards.BOARDS."
        )
    if find_spec("amaranth_boards") is None:
        raise CatgradError(
            "The pin tables of the boards are missing; install them with "
            "`pip install amaranth-boards`."
        )
    return import_module(f"boards.{name}").BOARD


__all__ = ["BOARDS", "Board", "get"]

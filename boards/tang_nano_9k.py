"""The Tang Nano 9K: a Gowin GW1NR-9C with a 27 MHz clock, its serial port on the USB connector."""

from amaranth_boards.tang_nano_9k import TangNano9kPlatform

from boards.board import GOWIN, Board
from boards.gowin import HimbaechelPlatform


class Platform(HimbaechelPlatform, TangNano9kPlatform):
    """The pins of the board, and the tools of today."""


BOARD = Board(
    name="tang_nano_9k",
    title="Tang Nano 9K",
    device="GW1NR-9C",
    platform=Platform,
    family=GOWIN,
    capacity={"logic cells": 8640, "flip-flops": 6480, "multipliers": 20, "block RAMs": 26},
    program=("openFPGALoader", "-b", "tangnano9k"),
)

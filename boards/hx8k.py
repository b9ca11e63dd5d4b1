"""The iCE40-HX8K breakout board: a 12 MHz clock, no multipliers, its serial port on the USB
connector."""

from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform

from boards.board import FTDI_BAUD, ICE40_HX, Board

BOARD = Board(
    name="hx8k",
    title="iCE40-HX8K breakout board",
    device="HX8K",
    platform=ICE40HX8KBEVNPlatform,
    family=ICE40_HX,
    capacity={"logic cells": 7680, "flip-flops": 7680, "multipliers": 0, "block RAMs": 32},
    baud=FTDI_BAUD,
    program=("iceprog", "-S"),
)

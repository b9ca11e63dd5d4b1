"""The iCEBreaker: an iCE40 UP5K with a 12 MHz clock, its serial port on the USB connector."""

from amaranth_boards.icebreaker import ICEBreakerPlatform

from boards.board import FTDI_BAUD, ICE40, Board

BOARD = Board(
    name="icebreaker",
    title="iCEBreaker",
    device="UP5K",
    platform=ICEBreakerPlatform,
    family=ICE40,
    capacity={"logic cells": 5280, "flip-flops": 5280, "multipliers": 8, "block RAMs": 30},
    baud=FTDI_BAUD,
    program=("iceprog",),
)

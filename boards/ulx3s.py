"""The ULX3S 85F: an ECP5 LFE5U-85F with a 25 MHz clock, its serial port on the USB connector."""

from amaranth_boards.ulx3s import ULX3S_85F_Platform

from boards.board import ECP5, FTDI_BAUD, Board

BOARD = Board(
    name="ulx3s",
    title="ULX3S",
    device="LFE5U-85F",
    platform=ULX3S_85F_Platform,
    family=ECP5,
    capacity={"logic cells": 83640, "flip-flops": 83640, "multipliers": 156, "block RAMs": 208},
    baud=FTDI_BAUD,
    program=("openFPGALoader", "-b", "ulx3s"),
)

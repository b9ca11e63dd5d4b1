"""The Arty A7-35: a Xilinx Artix-7 with a 100 MHz clock, its serial port on the USB connector.

Its bitstreams come from Vivado, so `build` writes the design, its constraints and the script that
Vivado runs.
"""

from amaranth_boards.arty_a7 import ArtyA7_35Platform

from boards.board import FTDI_BAUD, XILINX, Board

BOARD = Board(
    name="arty_a7",
    title="Arty A7-35",
    device="XC7A35T",
    platform=ArtyA7_35Platform,
    family=XILINX,
    capacity={"logic cells": 20800, "flip-flops": 41600, "multipliers": 90, "block RAMs": 100},
    baud=FTDI_BAUD,
    program=("openFPGALoader", "-b", "arty"),
)

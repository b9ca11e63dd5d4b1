"""The Tang Nano 20K: a Gowin GW2AR-18 with a 27 MHz clock, its serial port on the USB connector.

Its pins are those of Sipeed's schematic as published, since amaranth-boards has no such platform:
the clock on pin 4, the serial port of the USB controller on pins 69 (from the FPGA) and 70.
"""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth_boards.resources import UARTResource

from boards.board import GOWIN, Board
from boards.gowin import HimbaechelPlatform


class Platform(HimbaechelPlatform):
    """The pins of the board that a learner needs."""

    part = "GW2AR-LV18QN88C8/I7"
    family = "GW2AR-18C"
    default_clk = "clk27"
    resources = (
        Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), Attrs(IO_TYPE="LVCMOS33")),
        UARTResource(0, rx="70", tx="69", attrs=Attrs(PULL_MODE="UP", IO_TYPE="LVCMOS33")),
    )
    connectors = ()


BOARD = Board(
    name="tang_nano_20k",
    title="Tang Nano 20K",
    device="GW2AR-18",
    platform=Platform,
    family=GOWIN,
    capacity={"logic cells": 20736, "flip-flops": 15552, "multipliers": 48, "block RAMs": 46},
    program=("openFPGALoader", "-b", "tangnano20k"),
)

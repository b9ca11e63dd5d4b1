"""The OrangeCrab r0.2: an ECP5 LFE5U-25F with a 48 MHz clock.

Its USB connector goes straight to the FPGA, so the serial port is on the pins that the board calls
0 (received) and 1 (sent): an adapter of 3.3 V goes there.
"""

from amaranth.build import Attrs
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
from amaranth_boards.resources import UARTResource

from boards.board import ECP5, Board


class Platform(OrangeCrabR0_2_25FPlatform):
    """The pins of the board, and a serial port."""

    resources = (
        *OrangeCrabR0_2_25FPlatform.resources,
        UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=Attrs(IO_TYPE="LVCMOS33")),
    )


BOARD = Board(
    name="orangecrab",
    title="OrangeCrab",
    device="LFE5U-25F",
    platform=Platform,
    family=ECP5,
    capacity={"logic cells": 24288, "flip-flops": 24288, "multipliers": 28, "block RAMs": 56},
    program=("dfu-util", "-d", "1209:5af0", "-a", "0", "-D"),
)

"""Sums of products on one multiplier: which they are, when each product is formed, and where.

netlist ──> sums ──> the same, rounded alike ──> timetable ──> program
"""

from catgrad.circuit.netlist import Netlist
from catgrad.serial.alike import alike
from catgrad.serial.analyse import SerialError, sums_of
from catgrad.serial.program import Program, program
from catgrad.serial.schedule import timetable
from catgrad.serial.sums import Sums

FACTOR_BITS = 16
"""Coefficients are made no wider than that to have sums rounded alike: it is what blocks take."""


def serial_program(netlist: Netlist) -> Program:
    """The program of a serial machine that computes a netlist; SerialError if there is none."""
    return program(timetable(alike(sums_of(netlist), FACTOR_BITS)))


__all__ = [
    "Program",
    "SerialError",
    "Sums",
    "alike",
    "program",
    "serial_program",
    "sums_of",
    "timetable",
]

"""Multiplications by constants as shifts and adds that share their parts."""

from catgrad.circuit.constants.graph import AdderGraph, Source, Term
from catgrad.circuit.constants.rebuild import ConstantMap, ShiftAndAdd, shifts_and_adds
from catgrad.circuit.constants.solve import shift_and_add

__all__ = [
    "AdderGraph",
    "ConstantMap",
    "ShiftAndAdd",
    "Source",
    "Term",
    "shift_and_add",
    "shifts_and_adds",
]

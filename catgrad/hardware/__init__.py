"""From a model and its learning rule to hardware that learns, and the integer program beside it."""

from catgrad.hardware.compile import compile_hardware
from catgrad.hardware.hardware import Hardware
from catgrad.hardware.report import FoldedReport, Report, SpatialReport
from catgrad.hardware.schedules import Folded, Schedule, Spatial

__all__ = [
    "Folded",
    "FoldedReport",
    "Hardware",
    "Report",
    "Schedule",
    "Spatial",
    "SpatialReport",
    "compile_hardware",
]

"""From a model and its learning rule to hardware that learns, and the integer program beside it."""

from catgrad.hardware.compile import compile_hardware
from catgrad.hardware.folding import FoldedReport
from catgrad.hardware.freezing import compile_inference, freeze
from catgrad.hardware.hardware import Hardware
from catgrad.hardware.report import PipelineReport, Report, SpatialReport
from catgrad.hardware.schedules import Folded, Schedule, Serial, Spatial
from catgrad.hardware.serial import SerialReport

__all__ = [
    "Folded",
    "FoldedReport",
    "Hardware",
    "PipelineReport",
    "Report",
    "Schedule",
    "Serial",
    "SerialReport",
    "Spatial",
    "SpatialReport",
    "compile_hardware",
    "compile_inference",
    "freeze",
]

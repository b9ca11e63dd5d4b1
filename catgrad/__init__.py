"""catgrad compiles a model and its learning rule to static programs: NumPy source, and hardware."""

from catgrad import draw as draw  # so that programs have pictures in notebooks
from catgrad import layers
from catgrad.bidirectional.unrolled import unroll_time
from catgrad.circuit.constants import ShiftAndAdd
from catgrad.compile import compile_model
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.fixed.formats import Formats
from catgrad.fixed.ranges import Calibration
from catgrad.hardware import Folded, Serial, Spatial, compile_hardware, compile_inference, freeze
from catgrad.special.memory import delay, feedback
from catgrad.special.parameter import named_parameter

__all__ = [
    "Calibration",
    "CatgradError",
    "Dtype",
    "Fixed",
    "Folded",
    "Formats",
    "NdArrayType",
    "Serial",
    "ShiftAndAdd",
    "Spatial",
    "compile_hardware",
    "compile_inference",
    "compile_model",
    "delay",
    "feedback",
    "freeze",
    "layers",
    "named_parameter",
    "obj",
    "op",
    "unroll_time",
]

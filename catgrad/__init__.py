"""catgrad compiles a model and its learning rule to static programs: NumPy source, and hardware."""

from catgrad import draw as draw  # so that programs have pictures in notebooks
from catgrad import layers
from catgrad.compile import compile_model
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.fixed.formats import Formats
from catgrad.fixed.ranges import Calibration
from catgrad.hardware import Folded, Spatial, compile_hardware
from catgrad.special.parameter import named_parameter

__all__ = [
    "Calibration",
    "CatgradError",
    "Dtype",
    "Fixed",
    "Folded",
    "Formats",
    "NdArrayType",
    "Spatial",
    "compile_hardware",
    "compile_model",
    "layers",
    "named_parameter",
    "obj",
    "op",
]

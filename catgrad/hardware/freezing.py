"""Models whose parameters are known: inference alone, with constants in their place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from catgrad import layers
from catgrad.bidirectional.arrays import constant_array
from catgrad.circuit.constants import ShiftAndAdd
from catgrad.combinators import identity
from catgrad.core.types import Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.fixed.formats import Formats
from catgrad.fixed.numbers import from_fixed, to_fixed
from catgrad.fixed.ranges import Calibration
from catgrad.hardware.compile import compile_hardware
from catgrad.hardware.hardware import Hardware
from catgrad.hardware.schedules import Schedule, Spatial
from catgrad.hypergraph import OpenHypergraph
from catgrad.hypergraph.boundary import require_program
from catgrad.parameters import array_names
from catgrad.special.parameter import Parameter, factor_parameters


def freeze(
    model: OpenHypergraph, parameters: Sequence[ArrayLike], form: Fixed | None = None
) -> OpenHypergraph:
    """``model : X → Y`` with these numbers written in the place of its parameters.

    - `parameters`: an array for each, in the order of ``compile_model(...)[1]``
    - `form`: round them to the nearest numbers of this format; None: as they are

    What learns nothing is a model like any other: it compiles to source and to hardware, or is a
    part of a model that has other parameters.

    CatgradError if there are not as many arrays as parameters, or one has another shape, holds a
    number that is not finite, or one for which the format has no place.

    >>> from catgrad.core.types import Dtype
    >>> one, two = NdArrayType((1,), Dtype.float32), NdArrayType((2,), Dtype.float32)
    >>> print(freeze(layers.linear(one, two, one), [[[0.5], [-1.0]]]).source)
    [float32[1, 2]]
    """
    require_program("A model", model)
    drawn, factored = factor_parameters(model)
    found = [x for x in drawn.H.x if isinstance(x, Parameter)]
    names = array_names([x.name for x in found])
    if len(parameters) != len(found):
        raise CatgradError(
            f"There are {len(parameters)} arrays of parameters, but the model has {len(found)}; "
            f"give one for each, in the order of its types."
        )
    written = [
        constant_array(x.T, _numbers(f"parameter {name}", x.T, array, form))
        for x, name, array in zip(found, names, parameters, strict=True)
    ]
    constants = OpenHypergraph.tensor_list(written)
    return (constants @ identity(factored.source[len(found) :])) >> factored


def compile_inference(
    model: OpenHypergraph,
    parameters: Sequence[ArrayLike],
    formats: Formats,
    schedule: Schedule | None = None,
    calibration: Calibration | None = None,
) -> Hardware:
    """Compile a model with known parameters to fixed-point hardware that only predicts.

    The parameters, as reals, are rounded to `formats.weights` and become constants; in a spatial
    schedule their products are shifts and adds with shared parts, unless `schedule` says otherwise:
    ``Spatial(constants=ShiftAndAdd())`` is what None stands for. There is nothing to load, and no
    `y`. Further arguments as for `compile_hardware`.
    """
    if not isinstance(formats, Formats):
        raise CatgradError(
            f"compile_inference needs Formats for formats, not {type(formats).__name__}; "
            f"write Formats.uniform(16, 12)."
        )
    frozen = freeze(model, parameters, formats.weights)
    return compile_hardware(
        frozen,
        layers.sgd(1.0),  # of no parameters, which is no rule at all
        layers.mse,
        formats,
        schedule or Spatial(constants=ShiftAndAdd()),
        calibration,
    )


def _numbers(place: str, T: NdArrayType, array: ArrayLike, form: Fixed | None) -> tuple[float, ...]:
    """The numbers of a parameter, row by row."""
    reals = np.asarray(array, dtype=np.float64)
    if reals.shape != T.shape:
        raise CatgradError(
            f"{place} has shape {reals.shape}, not {T.shape}; give the parameters of this model."
        )
    if form is not None:
        reals = from_fixed(to_fixed(reals, form, place), form)
    elif not np.isfinite(reals).all():
        raise CatgradError(
            f"{place} holds numbers that are not finite; give the parameters of a run that did "
            f"not diverge."
        )
    return tuple(reals.reshape(-1).tolist())

"""What the integer program says that a learner has to give: the oracle of everything compiled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit.format import Integers
from catgrad.errors import CatgradError
from catgrad.hardware import Hardware
from catgrad.hardware.tracing import Runner
from catgrad.hdl.transducer import COUNTER_BITS
from sim.trace import Samples, Trace


def real_samples(
    hardware: Hardware,
    x: Sequence[ArrayLike],
    y: Sequence[ArrayLike] | None = None,
    train: ArrayLike | None = None,
) -> Samples:
    """Real samples as the integers that hardware receives.

    `x` and `y` hold an array for each input and output of the model, with a new first axis along
    which the samples lie. Every sample is learned from unless `train`, bool[samples], says not, or
    there is no `y`. Hardware that only predicts has no port for targets, and leaves `y` and `train`
    aside, so that it can be given the samples of hardware that learns.
    CatgradError if there is no sample, or not as many in each array.
    """
    for name, arrays in (("x", x), ("y", () if y is None else y)):
        counts = list(map(len, map(np.asarray, arrays)))
        if len({*counts}) > 1 or 0 in counts:
            raise CatgradError(
                f"The arrays of {name} have {', '.join(map(str, counts))} samples; give at least "
                f"one, and as many in each."
            )
    x_rows = [hardware.flatten(hardware.quantise_x(*row)) for row in zip(*x, strict=True)]
    if y is None or not hardware.learns:
        return Samples(np.array(x_rows), None, np.zeros(len(x_rows), dtype=bool))
    y_rows = [hardware.flatten(hardware.quantise_y(*row)) for row in zip(*y, strict=True)]
    learned = np.ones(len(x_rows), dtype=bool) if train is None else np.asarray(train)
    return Samples(np.array(x_rows), np.array(y_rows), learned)


def reference_trace(
    hardware: Hardware, samples: Samples, parameters: Sequence[ArrayLike], last: bool = False
) -> Trace:
    """The trace of the generated NumPy program, from these parameters on (mantissas).

    With `last` it has the parameters and counters after the last sample alone. A sample that is
    not learned from still predicts, and its forward saturations count.
    CatgradError if parameters or samples do not fit the hardware.
    """
    y_rows = np.zeros((len(samples), sum(T.size for T in hardware.y_types)), dtype=np.int64)
    for name, rows_given, types in (
        ("x", samples.x, hardware.x_types),
        ("y", samples.y, hardware.y_types),
    ):
        columns = sum(T.size for T in types)
        if rows_given is not None and np.shape(rows_given)[1:] != (columns,):
            raise CatgradError(
                f"The samples have {name} of shape {np.shape(rows_given)}, but the hardware takes "
                f"{columns} numbers of {name} a sample; see real_samples."
            )
    if samples.y is not None:
        y_rows = samples.y
    runner = Runner(hardware, parameters)
    forward = learning = 0
    predictions: list[Integers] = []
    looks: list[tuple[Integers, Integers, Integers]] = []
    for x_row, y_row, train in zip(samples.x, y_rows, samples.train, strict=True):
        x = hardware.unflatten(x_row, hardware.x_types)
        y = hardware.unflatten(y_row, hardware.y_types)
        prediction, more, learned = runner.step(x, y, bool(train))
        forward = (forward + more) % (1 << COUNTER_BITS)
        learning = (learning + learned) % (1 << COUNTER_BITS)
        predictions.append(hardware.flatten(prediction))
        if not last or len(predictions) == len(samples):
            looks.append((runner.parameters, np.array([forward]), np.array([learning])))
    return Trace("NumPy", np.array(predictions), *map(np.array, zip(*looks, strict=True)))

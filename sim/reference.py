"""What the integer program says that a learner has to give: the oracle of everything compiled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from catgrad.hardware import Hardware
from catgrad.hdl.transducer import COUNTER_BITS
from sim.trace import Samples, Trace


def reference_trace(hardware: Hardware, samples: Samples, parameters: Sequence[ArrayLike]) -> Trace:
    """The trace of the generated NumPy program, from these parameters on (mantissas).

    A sample that is not learned from still predicts, and its forward saturations count.
    """
    outputs = len(hardware.prediction_types)
    now = [np.asarray(a, dtype=np.int64) for a in parameters]
    y_rows = np.zeros((len(samples), sum(T.size for T in hardware.y_types)), dtype=np.int64)
    if samples.y is not None:
        y_rows = samples.y
    forward = learning = 0
    rows = []
    for x_row, y_row, train in zip(samples.x, y_rows, samples.train, strict=True):
        x = hardware.unflatten(x_row, hardware.x_types)
        y = hardware.unflatten(y_row, hardware.y_types)
        results = hardware.reference.transition(*now, *x, *y)
        forward = (forward + int(results[-2])) % (1 << COUNTER_BITS)
        if train:
            now = results[outputs:-2]
            learning = (learning + int(results[-1])) % (1 << COUNTER_BITS)
        rows.append(
            (
                hardware.flatten(results[:outputs]),
                hardware.flatten(now),
                np.array([forward]),
                np.array([learning]),
            )
        )
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Trace("NumPy", *columns, cycles=0)

"""A network of two dense layers, ReLU and sigmoid, with mean squared error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE = 0.01


def step(w1: Floats, b1: Floats, w2: Floats, b2: Floats, x: Floats, y: Floats) -> list[Floats]:
    """One step of gradient descent."""
    hidden = np.maximum(x @ w1 + b1, 0)
    prediction = 1 / (1 + np.exp(-(hidden @ w2 + b2)))
    d2 = (prediction - y) * prediction * (1 - prediction)
    d1 = (d2 @ w2.T) * (hidden > 0)
    return [
        w1 - RATE * (x.T @ d1),
        b1 - RATE * d1.sum(axis=0),
        w2 - RATE * (hidden.T @ d2),
        b2 - RATE * d2.sum(axis=0),
    ]

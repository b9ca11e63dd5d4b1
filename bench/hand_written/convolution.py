"""A small convolutional net: 3x3 windows, ReLU, means of 2x2, dense, cross-entropy of labels."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE = 0.01


def step(w1: Floats, b1: Floats, w2: Floats, b2: Floats, x: Floats, y: Floats) -> list[Floats]:
    """One step of gradient descent on images ``x[batch, 64]`` and one-hot ``y[batch, 10]``."""
    batch, channels = len(x), b1.size
    windows = sliding_window_view(x.reshape(batch, 8, 8), (3, 3), axis=(1, 2)).reshape(-1, 9)
    z = windows @ w1.reshape(9, channels) + b1
    hidden = np.maximum(z, 0).reshape(batch, 3, 2, 3, 2, channels)
    pooled = hidden.mean(axis=(2, 4)).reshape(batch, -1)
    logits = pooled @ w2 + b2
    exponential = np.exp(logits - logits.max(axis=1, keepdims=True))
    d2 = exponential / exponential.sum(axis=1, keepdims=True) - y
    d_pooled = (d2 @ w2.T).reshape(batch, 3, 1, 3, 1, channels) / 4
    d1 = (d_pooled * (hidden > 0)).reshape(-1, channels)
    return [
        w1 - RATE * (windows.T @ d1).reshape(w1.shape),
        b1 - RATE * d1.sum(axis=0),
        w2 - RATE * (pooled.T @ d2),
        b2 - RATE * d2.sum(axis=0),
    ]

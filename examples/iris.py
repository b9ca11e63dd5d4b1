"""The iris flowers: four measurements of a flower, three species.

R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936; scikit-learn ships
the 150 flowers. A model is trained one flower at a time, as hardware meets them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_iris

from catgrad import Dtype, Formats, NdArrayType, layers
from catgrad.combinators import identity
from catgrad.hypergraph import OpenHypergraph

Floats = NDArray[np.float64]

RATE = 2**-5
EPOCHS = 10
EVERY = 20  # steps between two measurements of the accuracy
CYCLES = 5  # of the clock, in which the numbers of one flower settle
FORMATS = Formats.uniform(16, 12)
TRAINING = 100  # flowers; the other 50 are for the test
FEATURES, SPECIES = (NdArrayType((n,), Dtype.float32) for n in (4, 3))


def model(batch: int = 1, hidden: int = 4) -> OpenHypergraph:
    """One layer of rectified units, and an output for each species."""
    N, H = (NdArrayType((n,), Dtype.float32) for n in (batch, hidden))
    return layers.dense(N, FEATURES, H, layers.relu) >> layers.dense(N, H, SPECIES, identity)


@dataclass(frozen=True)
class Flowers:
    """Flowers in a fixed shuffled order: `x` float[n, 4], `y` float[n, 3] one-hot."""

    x: Floats
    y: Floats

    def epochs(self, count: int, seed: int = 0) -> list[int]:
        """The order in which training meets the flowers, shuffled anew for each epoch."""
        random = np.random.default_rng(seed)
        return [int(i) for _ in range(count) for i in random.permutation(len(self.x))]


def load(seed: int = 0) -> tuple[Flowers, Flowers]:
    """The flowers to train on and to test on; measurements centred and scaled by the former's."""
    iris = load_iris()
    order = np.random.default_rng(seed).permutation(len(iris.target))
    x, y = iris.data[order], np.eye(3)[iris.target[order]]
    mean, spread = x[:TRAINING].mean(axis=0), x[:TRAINING].std(axis=0)
    x = (x - mean) / spread
    return Flowers(x[:TRAINING], y[:TRAINING]), Flowers(x[TRAINING:], y[TRAINING:])


def data() -> dict[str, Floats]:
    """The flowers as `catgrad train` takes them."""
    train, test = load()
    return {"x": train.x, "y": train.y, "x_test": test.x, "y_test": test.y}


def initial(types: list[NdArrayType], seed: int = 0) -> list[Floats]:
    """Parameters to start from: small random weights, biases of zero."""
    random = np.random.default_rng(seed)
    return [
        random.uniform(-1, 1, T.shape) / np.sqrt(T.shape[0])
        if len(T.shape) > 1
        else np.zeros(T.shape)
        for T in types
    ]


def accuracy(predictions: Floats, y: Floats) -> float:
    """The share of flowers whose greatest output is that of their species."""
    return float((predictions.argmax(axis=-1) == y.argmax(axis=-1)).mean())

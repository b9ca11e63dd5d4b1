"""The ranges of the wires of a learner, measured in float on a stream of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catgrad.bidirectional.functor import bidirectional
from catgrad.bidirectional.optic import zero_core
from catgrad.combinators import identity
from catgrad.core.simplify import simplify
from catgrad.errors import CatgradError
from catgrad.fixed.numbers import require_finite
from catgrad.hypergraph import FiniteFunction, OpenHypergraph
from catgrad.learner import Learner
from catgrad.target.python import to_python_function

Range = tuple[float, float]
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Calibration:
    """A stream to learn from, and the parameters to start with, all in float.

    - `parameters`: the arrays of `P`.
    - `x`, `y`: for each input and target of the learner one array, with a new first axis along
      which the samples lie. What the rule is given at each step follows the targets.
    """

    parameters: Sequence[Array]
    x: Sequence[Array]
    y: Sequence[Array]


def measure(learner: Learner, samples: Calibration) -> list[tuple[Range, Range]]:
    """Learn from the samples, one after another, and note the range of every wire.

    For each node of ``learner.whole`` the least and greatest number forward, and in reverse.
    """
    _check(learner, samples)
    count = len(learner.whole.H.w)
    m = len(learner.memories)
    run = to_python_function(simplify(_observed(learner.whole, learner.kept, m)))
    lows, highs = np.full(2 * count, np.inf), np.full(2 * count, -np.inf)
    states = [np.zeros(T.shape, str(T.dtype)) for T in learner.S]
    memory = [x.array().astype(str(x.T.dtype)) for x in learner.memories]
    keeping = [*samples.parameters, *states, *memory]
    kept = len(learner.Y) + len(keeping)
    y = len(learner.L)
    for sample in zip(*samples.x, *samples.y[y:], *samples.y[:y], strict=True):
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = run(*keeping, *sample)
        keeping = outputs[len(learner.Y) : kept]
        observed = outputs[kept:]
        lows = np.minimum(lows, [np.min(a, initial=np.inf) for a in observed])
        highs = np.maximum(highs, [np.max(a, initial=-np.inf) for a in observed])
        if not all(np.isfinite(a).all() for a in outputs):
            raise CatgradError(
                "The float learner diverges on these samples: a wire leaves the range of float32; "
                "lower the rate, scale the data, or start from smaller parameters."
            )
    pairs = list(zip(lows.tolist(), highs.tolist(), strict=True))
    return list(zip(pairs[:count], pairs[count:], strict=True))


def _check(learner: Learner, samples: Calibration) -> None:
    """Refuse samples that do not fit the learner, before anything runs."""
    lengths = {len(array) for array in (*samples.x, *samples.y)}
    if len(lengths) != 1 or 0 in lengths:
        raise CatgradError(
            f"The arrays of x and y hold {sorted(lengths)} samples; "
            f"give at least one sample, and as many in each array."
        )
    for role, arrays, types, rows in (
        ("parameters", samples.parameters, learner.P, ()),
        ("x", samples.x, learner.X, tuple(lengths)),
        ("y", samples.y, learner.L + learner.R, tuple(lengths)),
    ):
        if len(arrays) != len(types):
            raise CatgradError(
                f"There are {len(arrays)} arrays of {role}, but the model has {len(types)}; "
                f"give one for each, in the order of its types."
            )
        for i, (array, T) in enumerate(zip(arrays, types, strict=True)):
            name = f"array {i} of {role}"
            if np.shape(array) != rows + T.shape:
                raise CatgradError(
                    f"{name} has shape {np.shape(array)}, not {rows + T.shape}; "
                    f"give {'one sample a row, each of type ' if rows else 'an array of type '}{T}."
                )
            require_finite(array, name)


def memory_wires(learner: Learner) -> list[tuple[int, int]]:
    """Of each array of memory, the wires of ``learner.whole`` on which it is read and written."""
    m, k = len(learner.memories), learner.kept
    f = learner.whole
    read, written = f.s.table[k : k + m], f.t.table[len(f.t) - m :]
    return list(zip(read.tolist(), written.tolist(), strict=True))


def _observed(f: OpenHypergraph, kept: int, memories: int) -> OpenHypergraph:
    """``K ● M ● X ● Y' → Y ● K' ● M' ● F ● R`` of C, `F` and `R` every wire of `f` each way.

    What the rule is given counts among `X`.
    """
    every = FiniteFunction.identity(len(f.H.w))
    c = bidirectional(OpenHypergraph(f.s, f.t + every, f.H))
    sources, targets = c.s.table, c.t.table
    outputs = len(f.t)
    backward_in = targets[1 : 2 * outputs : 2]
    backward_out = sources[1 : 2 * kept : 2]
    watched = targets[2 * outputs :]
    forward = targets[0 : 2 * outputs : 2]
    y = outputs - memories
    s = np.concatenate([sources[0::2], backward_in])
    t = np.concatenate([forward[:y], backward_out, forward[y:], watched[0::2], watched[1::2]])
    nodes = len(c.H.w)
    both = OpenHypergraph(FiniteFunction(s, nodes), FiniteFunction(t, nodes), c.H)
    given = len(both.source) - memories
    return (identity(both.source[:given]) @ zero_core(both.source[given:])) >> both

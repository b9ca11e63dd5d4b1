"""Reverse maps compared with finite differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from catgrad.bidirectional.functor import differentiate, forget
from catgrad.core.types import NdArrayType
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.evaluate import evaluate
from catgrad.kernel.library import to_kernels
from catgrad.special.definition import inline

STEP = 1e-6

Arrays = Sequence[Any]


def run(f: OpenHypergraph, values: Arrays) -> list[Any]:
    """A program of C on arrays."""
    return evaluate(to_kernels(inline(f)), values)


def spaced(random: np.random.Generator, types: Sequence[NdArrayType]) -> list[Any]:
    """float64 arrays of numbers that keep a distance from each other and from 0."""
    total = sum(T.size for T in types)
    places = random.permutation(total) + 0.5
    numbers = 1.5 * places / max(total, 1) * random.choice([-1.0, 1.0], total)
    ends = np.cumsum([T.size for T in types])
    parts = np.split(numbers, ends[:-1]) if types else []
    return [part.reshape(T.shape) for part, T in zip(parts, types, strict=True)]


def check(f: OpenHypergraph, x: Arrays, random: np.random.Generator) -> None:
    """``<dy, (f(x + hv) - f(x - hv)) / 2h> = <f'(x, dy), v>``; integers stay as they are."""

    def towards(T: NdArrayType) -> Any:
        return random.uniform(-1, 1, T.shape) if T.is_floating else np.zeros(T.shape, np.int32)

    v, dy = [towards(T) for T in f.source], [towards(T) for T in f.target]
    outputs = run(differentiate(f), [*x, *dy])
    y, dx = outputs[: len(f.target)], outputs[len(f.target) :]
    for found, expected in zip(y, run(forget(f), x), strict=True):
        np.testing.assert_array_equal(found, expected)
    for array, T in zip(dx, f.source, strict=True):
        assert array.shape == T.shape
        assert array.dtype == str(T.dtype)

    def moved(h: float) -> list[Any]:
        types = zip(x, v, f.source, strict=True)
        return run(forget(f), [a + h * b if T.is_floating else a for a, b, T in types])

    ends = zip(moved(STEP), moved(-STEP), dy, strict=True)
    slope = sum(float(((up - down) / (2 * STEP) * change).sum()) for up, down, change in ends)
    inner = sum(float((a * b).sum()) for a, b in zip(dx, v, strict=True))
    assert inner == pytest.approx(slope, rel=1e-5, abs=1e-5)

"""Counting what does not fit: the same count however a program is written."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import Dtype, Formats, NdArrayType, compile_hardware, layers, obj, op
from catgrad.bidirectional.kernel import kernel
from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.constants import rounded
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import Fixed
from catgrad.fixed.instrument import count_saturations
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import evaluate, to_kernels
from catgrad.kernel.kernel import Access, Kernel, Nest, scalar
from catgrad.special.parameter import named_parameter
from tests.fixed.agreement import agree

WIDE, SHORT = Fixed(10, 4), Fixed(5, 1)
MANTISSAS = st.lists(st.integers(WIDE.min, WIDE.max), min_size=6, max_size=6)


def counts(f: OpenHypergraph, late: bool, *arrays: np.ndarray) -> tuple[int, int]:
    program = count_saturations(f, [] if late else [0])
    early, late_count = evaluate(to_kernels(program), list(arrays))[-2:]
    return int(early), int(late_count)


@settings(deadline=None, max_examples=30)
@given(MANTISSAS, st.sampled_from(Rounding), st.sampled_from(Overflow), st.booleans())
def test_a_kernel_counts_as_the_operation_does(
    mantissas: list[int], rounding: Rounding, overflow: Overflow, late: bool
) -> None:
    """``count(to_kernels(f)) == count(f)``."""
    T = NdArrayType((2, 3), WIDE)
    f = op(ops.Requantise(T, SHORT, rounding, overflow))
    x = np.array(mantissas).reshape(2, 3)
    found = counts(to_kernels(f), late, x)
    assert found == counts(f, late, x)
    assert found[not late] == 0
    assert found[late] == sum(
        not SHORT.holds(n, n) for n in (rounded(m, 3, rounding) for m in mantissas)
    )


def body(*steps: ops.Requantise) -> OpenHypergraph:
    f = identity(obj(steps[0].T))
    for step in steps:
        f = f >> op(step)
    return f


def test_every_point_and_every_step_of_a_nest_counts() -> None:
    """A number read at three points counts three times, at each step that it does not fit."""
    first = ops.Requantise(scalar(WIDE), Fixed(7, 4), Rounding.TRUNCATE, Overflow.SATURATE)
    second = ops.Requantise(scalar(Fixed(7, 4)), SHORT, Rounding.TRUNCATE, Overflow.SATURATE)
    third = ops.Requantise(scalar(SHORT), Fixed(4, 1), Rounding.TRUNCATE, Overflow.SATURATE)
    nest = Nest((3, 2), (Access(0, 0, (0, 1)),), Access(0, 0, (2, 1)), body(first, second, third))
    repeated = Kernel(
        "repeated",
        (NdArrayType((2,), WIDE),),
        (NdArrayType((3, 2), Fixed(4, 1)),),
        (nest,),
    )
    repeated.verify()
    # 7 bits hold -64 to 63, and of what is left three bits fewer hold -8 to 7, so that none is
    # outside of 5 bits; 4 bits hold these as well.
    assert counts(op(repeated), False, np.array([64, 63])) == (3, 0)
    assert counts(op(repeated), True, np.array([-65, 300])) == (0, 6)
    short = body(ops.Requantise(scalar(WIDE), SHORT, Rounding.TRUNCATE, Overflow.SATURATE), third)
    both = Kernel("both", repeated.sources, repeated.targets, (Nest(*_places(nest), short),))
    # 200 >> 3 is 25, outside of both; 100 >> 3 is 12, which 5 bits hold and 4 do not.
    assert counts(op(both), False, np.array([200, 100])) == (9, 0)


def _places(nest: Nest) -> tuple[tuple[int, ...], tuple[Access, ...], Access]:
    return nest.extents, nest.reads, nest.write


X = NdArrayType((3,), Dtype.float32)


@kernel
def fifth(x, w, y, *, i):
    y[i] = x[i] * w[i] * x[i] * w[i] * x[i]


def test_what_saturates_within_a_kernel_of_a_learner_is_counted() -> None:
    model = (identity(obj(X)) @ named_parameter("w")(obj(X))) >> op(fifth(X, X))
    hardware = compile_hardware(model, layers.sgd(2**-5), layers.mse, Formats.uniform(18, 9))
    agree(hardware)
    types = (*hardware.parameter_types, *hardware.x_types, *hardware.y_types)
    greatest = [np.full(T.shape, T.fixed.max) for T in types]
    least = [np.zeros(T.shape, int) for T in types]
    kernels = to_kernels(hardware.program)
    forward, _ = evaluate(kernels, greatest)[-2:]
    # The result of each of three points does not fit, and more than that on the way to it.
    assert int(forward) > 3
    assert [int(count) for count in evaluate(kernels, least)[-2:]] == [0, 0]

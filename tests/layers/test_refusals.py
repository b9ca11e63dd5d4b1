"""Numbers that make no sense in layers, rules and reports, and numbers of NumPy that do."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest

from catgrad import Dtype, Formats, NdArrayType, compile_model, layers, obj
from catgrad.combinators import Canonical
from catgrad.core import operation as ops
from catgrad.draw import DrawError
from catgrad.errors import CatgradError


def N(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


def reported(report: object) -> object:
    model = layers.linear(N(1), N(2), N(2))
    return compile_model(model, layers.sgd(1), layers.mse, report)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: layers.max_pool(N(1), N(4, 4, 1), 2, 0),
            "Window has stride 0; give an integer of at least 1.",
        ),
        (
            lambda: layers.conv1d(N(1), N(5, 2), N(2), 3.0),
            (
                "layers.conv1d was given 3.0 where it counts positions; give an integer, or one "
                "for each axis."
            ),
        ),
        (
            lambda: layers.layer_norm(N(1), N(2), -1),
            "LayerNorm cannot add -1 to a variance; give an epsilon of at least 0.",
        ),
        (
            lambda: layers.causal_attention(N(1), N(2), N(0), 1),
            (
                "layers.causal_attention needs one axis of positions and one of a width that 1 "
                "heads can share, not float32[2] and float32[0]; choose a multiple of the heads."
            ),
        ),
        (
            lambda: layers.adam(0.1, beta2=1.5),
            (
                "layers.adam cannot average with beta2 = 1.5; give a share of at least 0 and below "
                "1, such as 0.9."
            ),
        ),
        (
            lambda: layers.lion(0.1, beta1=1),
            (
                "layers.lion cannot average with beta1 = 1; give a share of at least 0 and below "
                "1, such as 0.9."
            ),
        ),
        (
            lambda: layers.adam(0.1, "x"),  # type: ignore[arg-type]
            "layers.adam needs a finite number for beta1, not 'x'; write one such as 0.1.",
        ),
        (
            lambda: layers.lion(0.1, beta2=math.nan),
            "layers.lion needs a finite number for beta2, not nan; write one such as 0.1.",
        ),
        (
            lambda: layers.adam(0.1, decay=math.nan),
            "layers.adam needs a finite number for decay, not nan; write one such as 0.1.",
        ),
        (
            lambda: layers.lion(0.1, decay="x"),  # type: ignore[arg-type]
            "layers.lion needs a finite number for decay, not 'x'; write one such as 0.1.",
        ),
        (
            lambda: layers.adam(0.1, epsilon=-1),
            "layers.adam cannot add -1 to a root; give an epsilon of at least 0.",
        ),
        (
            lambda: layers.rate(0.1),  # type: ignore[arg-type]
            (
                "layers.rate names a rate that each step is given, so it takes a name, not 0.1; "
                'write layers.rate("rate"), or for a rate that stays layers.sgd(0.1).'
            ),
        ),
        (
            lambda: layers.linear(N(1), N(2), N(3), 3),  # type: ignore[arg-type]
            (
                "A parameter of type float32[2, 3] is given 3 for its name; write a name in "
                'quotes, such as "weights".'
            ),
        ),
        (
            lambda: layers.averaged(layers.relu)(obj(N(1))),
            "layers.averaged was given what holds no loss; give a loss, such as layers.mse.",
        ),
        (
            lambda: reported("loss"),
            "A report is a list of names, not 'loss'; write ['loss'].",
        ),
        (
            lambda: reported(("loss", "loss")),
            "A step cannot report 'loss' twice; name it once.",
        ),
        (
            lambda: Formats.uniform(100, 12),
            (
                "Formats needs at most 63 bits for data, not 100, since NumPy computes with 64; "
                "use Fixed(63, 12) or fewer."
            ),
        ),
    ],
)
def test_what_makes_no_sense_is_a_sentence(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(CatgradError) as e:
        make()
    assert str(e.value) == sentence


@pytest.mark.parametrize(
    "rule",
    [
        layers.sgd(np.float32(0.1)),  # type: ignore[arg-type]
        layers.adam(np.float32(0.1), np.float64(0.9), np.float32(0.99), np.float32(1e-8)),  # type: ignore[arg-type]
        layers.momentum(np.float64(0.1), np.float32(0.5)),  # type: ignore[arg-type]
    ],
)
def test_numbers_of_numpy_are_numbers(rule: Canonical) -> None:
    model = layers.conv1d(N(1), N(5, 2), N(2), np.int64(3))
    compiled, P, _ = compile_model(model, rule, layers.huber(np.float32(2)))  # type: ignore[arg-type]
    assert not re.search(r"np\.float(32|64)\([\d.]", compiled.source)
    assert len(compiled.rev_p(*(np.zeros(T.shape) for T in (*P, N(1, 5, 2), N(1, 3, 2))))) == 2


def test_a_constant_of_numpy_is_one_of_python() -> None:
    assert ops.Constant(N(2), np.float32(0.5)) == ops.Constant(N(2), 0.5)  # type: ignore[arg-type]
    assert type(ops.Constant(N(2), np.float32(0.5)).x) is float  # type: ignore[arg-type]
    assert type(ops.Pad(N(2), (1,), (1,), (0,), np.float32(2)).value) is float  # type: ignore[arg-type]


def test_one_name_to_fold() -> None:
    model = layers.dense(N(1), N(2), N(2), layers.relu)
    with pytest.raises(DrawError, match="no definition named dance to fold"):
        model.draw(fold="dance")


def test_an_embedding_without_rows() -> None:
    A, B = (NdArrayType((n,), Dtype.int32 if n == 3 else Dtype.float32) for n in (3, 2))
    with pytest.raises(CatgradError) as e:
        layers.embedding(A, 0, B)
    assert str(e.value) == (
        "layers.embedding has no row for any of the integers int32[3], since its table has 0; "
        "give it as many rows as there are different integers."
    )

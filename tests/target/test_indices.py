"""Generated methods refuse indices that name no row."""

import numpy as np
import pytest

from catgrad import Dtype, NdArrayType, compile_model, layers
from catgrad.target.python.checks import ArgumentError


def test_no_index_is_out_of_range_unnoticed():
    T, batch = NdArrayType((3,), Dtype.int32), NdArrayType((2,), Dtype.float32)
    model = layers.embedding(T, 5, batch)
    compiled, P, _ = compile_model(model, layers.sgd(0.1), layers.cross_entropy_labels)
    weights, x, y = np.zeros(P[0].shape, np.float32), [0, 1, 4], [0, 1, 1]
    compiled.step(weights, x, y)
    with pytest.raises(ArgumentError) as e:
        compiled.predict(weights, [0, -1, 1])
    assert str(e.value) == (
        "predict: argument x is -1 at index [1], outside its range of indices, which goes from 0 "
        "to 4; correct it first."
    )
    with pytest.raises(ArgumentError) as e:
        compiled.step(weights, x, [0, 1, 2])
    assert str(e.value) == (
        "step: argument y is 2 at index [2], outside its range of indices, which goes from 0 to "
        "1; correct it first."
    )


def test_an_index_beyond_its_dtype_is_to_be_corrected_too():
    T, row = NdArrayType((1,), Dtype.int32), NdArrayType((2,), Dtype.float32)
    compiled, P, _ = compile_model(layers.embedding(T, 5, row), layers.sgd(0.1), layers.mse)
    with pytest.raises(ArgumentError) as e:
        compiled.predict(np.zeros(P[0].shape), [2**40])
    assert str(e.value) == (
        "predict: argument x is 1099511627776 at index [0], outside int32, which goes from "
        "-2147483648 to 2147483647; correct it first."
    )

"""The types of layers, and what they refuse."""

from __future__ import annotations

import pytest

from catgrad import Dtype, NdArrayType, layers
from catgrad.bidirectional.block import expand
from catgrad.core.types import TypeMismatch, obj
from catgrad.hypergraph import OpenHypergraph
from catgrad.layers.losses import Averaged, CrossEntropyLabels, Huber
from catgrad.layers.normalisation import LayerNorm
from catgrad.layers.smooth import Gelu, Softmax


def T(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


@pytest.mark.parametrize(
    ("layer", "target"),
    [
        (layers.conv1d(T(2), T(9, 3), T(4), size=3, stride=2, padding=1), T(2, 5, 4)),
        (layers.conv2d(T(2), T(8, 6, 1), T(4), size=(3, 2)), T(2, 6, 5, 4)),
        (layers.max_pool(T(2), T(9, 6, 3), size=2), T(2, 4, 3, 3)),
        (layers.mean_pool(T(2), T(9, 3), size=3, stride=1), T(2, 7, 3)),
        (layers.gru(T(2), T(5), T(3), T(4)), T(2, 5, 4)),
        (layers.causal_attention(T(2), T(5), T(6), heads=3), T(2, 5, 6)),
        (layers.embedding(NdArrayType((2, 5), Dtype.int32), 7, T(3)), T(2, 5, 3)),
        (layers.nlms(T(1), T(4), T(2)), T(1, 2)),
    ],
)
def test_layers_have_the_types_that_they_state(layer: OpenHypergraph, target: NdArrayType) -> None:
    assert layer.target == expand(layer).target == obj(target)
    assert layer.source == expand(layer).source


def test_the_parameters_of_layers_have_names() -> None:
    from catgrad.learner import learner

    def names(layer: OpenHypergraph) -> tuple[str, ...]:
        return learner(layer, layers.sgd(1), layers.mse).parameter_names

    assert names(layers.conv2d(T(2), T(8, 6, 1), T(4), 3)) == ("weights", "bias")
    assert names(layers.layer_norm(T(2), T(3))) == ("scale", "shift")
    assert names(layers.rms_norm(T(2), T(3))) == ("scale",)
    assert names(layers.gru(T(2), T(5), T(3), T(4))) == (
        "input",
        "input_bias",
        "hidden",
        "hidden_bias",
    )
    assert names(layers.causal_attention(T(2), T(5), T(6), 3, biased=True)) == (
        "query_key_value",
        "query_key_value_bias",
        "output",
        "output_bias",
    )


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: layers.causal_attention(T(2), T(5), T(6), heads=4),
            (
                "layers.causal_attention needs one axis of positions and one of a width that 4 "
                "heads can share, not float32[5] and float32[6]; choose a multiple of the heads."
            ),
        ),
        (
            lambda: layers.conv2d(T(2), T(8, 6), T(4), 3),
            (
                "layers.conv2d needs an input with 2 axes and channels, not float32[8, 6]; put the "
                "channels on the last axis, one of extent 1 if there are none."
            ),
        ),
        (
            lambda: layers.max_pool(T(2), T(8), 2),
            (
                "layers.max_pool needs an input with axes before its channels, not float32[8]; put "
                "the channels on the last axis, one of extent 1 if there are none."
            ),
        ),
        (
            lambda: layers.conv1d(T(2), T(8, 6), T(4), (3, 3)),  # type: ignore[arg-type]
            (
                "layers.conv1d was given (3, 3) for the axes of a window, of which there are 1; "
                "give one number, or one for each."
            ),
        ),
        (
            lambda: layers.conv1d(T(2), T(2, 6), T(4), 3),
            (
                "Window spans 3 numbers along axis 1 of float32[2, 2, 6], which has 2; "
                "use smaller windows, or pad the array."
            ),
        ),
        (
            lambda: layers.gru(T(2), T(0), T(3), T(4)),
            (
                "layers.gru needs one axis of steps, at least one of them, and one of hidden "
                "units, not float32[0] and float32[4]; flatten further axes."
            ),
        ),
        (
            lambda: Huber(T(3), 0),
            "Huber cannot change from squares to lines at 0; give a positive delta.",
        ),
        (
            lambda: CrossEntropyLabels(T(3, 0)),
            (
                "CrossEntropyLabels needs numbers along a last axis, not float32[3, 0]; "
                "give an array with at least one number there."
            ),
        ),
        (
            lambda: Averaged(T(0, 3), CrossEntropyLabels(T(0, 3))),
            "Averaged has no terms in float32[0, 3]; give a batch of at least one sample.",
        ),
        (
            lambda: Softmax(T(3, 0)),
            (
                "ReduceMax has nothing to choose from along axes (1,) of float32[3, 0]; "
                "reduce over at least one element."
            ),
        ),
        (
            lambda: Gelu(NdArrayType((3,), Dtype.int32)),
            "Gelu is not defined on int32[3]; use a floating-point dtype.",
        ),
        (
            lambda: LayerNorm(T(3), T(0), 1e-5),
            (
                "LayerNorm needs numbers along a last axis, not float32[0]; "
                "give an array with at least one number there."
            ),
        ),
        (
            lambda: layers.embedding(T(2), 7, T(3)),
            "Gather needs indices of dtype int32, not float32[2]; convert them.",
        ),
    ],
)
def test_errors(build, sentence: str) -> None:
    with pytest.raises(TypeMismatch) as error:
        build()
    assert str(error.value) == sentence

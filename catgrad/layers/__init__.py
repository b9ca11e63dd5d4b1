"""What users compose: layers, losses and learning rules.

A layer takes a batch of arrays, of type ``A+B``, to a batch of arrays, of type ``A+C``: `A` is the
batch, `B` one input and `C` one output.
"""

from catgrad.bidirectional.learning import mse
from catgrad.bidirectional.operation import relu, sigmoid
from catgrad.layers.activations import (
    gelu,
    hard_sigmoid,
    hard_silu,
    leaky_relu,
    quick_gelu,
    silu,
    tanh,
)
from catgrad.layers.affine import bias, dense, flatten, linear, residual
from catgrad.layers.attention import causal_attention
from catgrad.layers.convolution import conv1d, conv2d, max_pool, mean_pool
from catgrad.layers.filters import nlms
from catgrad.layers.losses import averaged, cross_entropy, cross_entropy_labels, hinge, huber, l1
from catgrad.layers.normalisation import layer_norm, rms_norm, softmax
from catgrad.layers.recurrent import gru
from catgrad.layers.rules import (
    adam,
    chain,
    clip,
    clip_norm,
    delayed,
    joined,
    lion,
    lms,
    momentum,
    rate,
    sgd,
    sign_sgd,
    weight_decay,
)
from catgrad.layers.tokens import embedding, positions
from catgrad.special.parameter import parameter

__all__ = [
    "adam",
    "averaged",
    "bias",
    "causal_attention",
    "chain",
    "clip",
    "clip_norm",
    "conv1d",
    "conv2d",
    "cross_entropy",
    "cross_entropy_labels",
    "delayed",
    "dense",
    "embedding",
    "flatten",
    "gelu",
    "gru",
    "hard_sigmoid",
    "hard_silu",
    "hinge",
    "huber",
    "joined",
    "l1",
    "layer_norm",
    "leaky_relu",
    "linear",
    "lion",
    "lms",
    "max_pool",
    "mean_pool",
    "momentum",
    "mse",
    "nlms",
    "parameter",
    "positions",
    "quick_gelu",
    "rate",
    "relu",
    "residual",
    "rms_norm",
    "sgd",
    "sigmoid",
    "sign_sgd",
    "silu",
    "softmax",
    "tanh",
    "weight_decay",
]

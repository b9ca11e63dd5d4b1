"""Recurrent layers, unrolled: one cell for each step of a sequence."""

from __future__ import annotations

from dataclasses import replace

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import Block
from catgrad.bidirectional.wires import Wire, call, calls, program
from catgrad.core.types import NdArrayType, TypeMismatch, obj, op, require_types
from catgrad.hypergraph import OpenHypergraph
from catgrad.layers.affine import bias, linear
from catgrad.layers.along import spread
from catgrad.layers.split import Split
from catgrad.special.parameter import named_parameter


def gru(A: NdArrayType, T: NdArrayType, X: NdArrayType, H: NdArrayType) -> OpenHypergraph:
    """``A+T+X → A+T+H``: gated recurrent units along the steps `T`, each hidden state a result.

    The hidden state is 0 at first. With ``x W + b`` and ``h U + c`` each cut in three, for the
    reset gate, the update gate and the candidate::

        r, z = sigmoid(of the first two, added up)
        h' = (1 - z) * tanh(x W₃ + b₃ + r * (h U₃ + c₃)) + z * h

    (Cho et al., arXiv 1406.1078, with the reset gate after the matrix as in cuDNN and PyTorch.)
    Parameters: `input` ``X+3H``, `input_bias`, `hidden` ``H+3H``, `hidden_bias`.
    """
    require_types("layers.gru", A=A, T=T, X=X, H=H)
    if len(T.shape) != 1 or len(H.shape) != 1 or T.size < 1:
        raise TypeMismatch(
            f"layers.gru needs one axis of steps, at least one of them, and one of hidden units, "
            f"not {T} and {H}; flatten further axes."
        )
    gates = replace(H, shape=(3 * H.size,))
    inputs = linear(A + T, X, gates, "input") >> bias(gates, A + T, "input_bias")
    drawn = named_parameter("hidden")(obj(H + gates)) @ named_parameter("hidden_bias")(obj(gates))
    return (inputs @ drawn) >> _unrolled(A, T, H, gates)


def _unrolled(A: NdArrayType, T: NdArrayType, H: NdArrayType, gates: NdArrayType) -> OpenHypergraph:
    """``A+T+3H ● H+3H ● 3H → A+T+H``: the cell at every step, and all that it gives."""
    axis = len(A.shape)
    step = NdArrayType((1,), T.dtype)
    cell = op(
        Block("gru_cell", _cell(A, H, gates), ("x", "h", "hidden", "hidden_bias"), ("h_new",))
    )

    def body(x: Wire, hidden: Wire, hidden_bias: Wire) -> Wire:
        steps = calls(Split(B.Concatenate((A + step + gates,) * T.size, axis)), x)
        h = x.draft.constant(A + H, 0)
        states = []
        for x_t in steps:
            x_t = call(B.Reshape(x_t.T, A + gates), x_t)
            h = call(cell, x_t, h, hidden, hidden_bias)
            states.append(call(B.Reshape(h.T, A + step + H), h))
        return call(B.Concatenate((A + step + H,) * T.size, axis), *states)

    return program(obj(A + T + gates, H + gates, gates), body)


def _cell(A: NdArrayType, H: NdArrayType, gates: NdArrayType) -> OpenHypergraph:
    """``A+3H ● A+H ● H+3H ● 3H → A+H``: one step, given what comes from the input."""
    third = Split(B.Concatenate((A + H,) * 3, len(A.shape)))

    def body(x: Wire, h: Wire, hidden: Wire, hidden_bias: Wire) -> Wire:
        from_hidden = call(B.Compose(A, H, gates), h, hidden) + spread(hidden_bias, A + gates)
        x_r, x_z, x_n = calls(third, x)
        h_r, h_z, h_n = calls(third, from_hidden)
        r, z = call(B.Sigmoid(A + H), x_r + h_r), call(B.Sigmoid(A + H), x_z + h_z)
        candidate = call(B.Tanh(A + H), x_n + r * h_n)
        return candidate + z * (h - candidate)

    return program(obj(A + gates, A + H, H + gates, gates), body)

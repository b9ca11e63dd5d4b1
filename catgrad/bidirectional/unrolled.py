"""Models with memory, unrolled in time: one copy of a model for each sample of a block."""

from __future__ import annotations

from collections.abc import Sequence

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.arrays import constant_array
from catgrad.bidirectional.block import Block
from catgrad.bidirectional.wires import Wire, call, calls, program
from catgrad.core.types import NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.hypergraph.boundary import require_program
from catgrad.special.memory import factor_memory, with_memory
from catgrad.special.parameter import factor_parameters


def unroll_time(f: OpenHypergraph, n: int, carry: bool = False) -> OpenHypergraph:
    """`n` samples of ``f : X → Y`` at once: ``n+X → n+Y``, the samples along a new first axis.

    ::

                 ┌───┐    ┌───┐         ┌───┐
        initial ─┤   ├────┤   ├─ ... ───┤   ├─
           x₀ ───┤ f ├─ y₀│ f ├─ y₁     │ f ├─ yₙ₋₁
                 └───┘    └───┘         └───┘

    Forward it gives what `f` gives sample by sample. But it has no memory, so its reverse
    derivative goes back through all of the samples, with the parameters shared between them:
    backpropagation through time (Werbos, "Backpropagation through time", 1990).

    With `carry` each block goes on where the one before ended: the model has the memory of `f`, and
    its gradient goes back to the beginning of the block.
    """
    require_program("What is unrolled in time", f)
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise CatgradError(
            f"A model is unrolled for a whole number of samples, at least 1, not {n}; write "
            f"unroll_time(model, 16)."
        )
    memories, with_parameters = factor_memory(f)
    drawn, d = factor_parameters(with_parameters)
    p, m = len(drawn.t), len(memories)
    tick = op(Block("tick", d))
    X, Y = f.source, f.target
    stacked = obj(*(_times(n, T) for T in X))

    def body(*wires: Wire) -> list[Wire]:
        draft = wires[0].draft
        parameters = draft.append(drawn, [])
        memory = list(wires[:m])
        samples = [_taken_apart(n, x, T) for x, T in zip(wires[m:], X, strict=True)]
        results: list[list[Wire]] = []
        for sample in zip(*samples, strict=True):
            results.append(calls(tick, *parameters, *memory, *sample))
            memory = results[-1][len(Y) :]
        columns = list(zip(*results, strict=True))[: len(Y)]
        return [*map(_stacked, columns), *memory]

    assert p + m + len(X) == len(d.s)
    block = program(obj(*(memory.T for memory in memories)) + stacked, body)
    if carry or not memories:
        return with_memory(memories, block)
    begun = OpenHypergraph.tensor_list([constant_array(x.T, x.initial) for x in memories])
    kept = obj(*(_times(n, T) for T in Y))
    whole = (begun @ OpenHypergraph.identity(stacked)) >> block
    return whole >> (OpenHypergraph.identity(kept) @ B.discard(whole.target[len(Y) :]))


def _times(n: int, T: NdArrayType) -> NdArrayType:
    return NdArrayType((n, *T.shape), T.dtype)


def _taken_apart(n: int, x: Wire, T: NdArrayType) -> list[Wire]:
    """Each sample of a block."""
    one, rest = _times(1, T), tuple(0 for _ in T.shape)
    parts = (call(B.Slice(x.T, (i, *rest), (i + 1, *T.shape)), x) for i in range(n))
    return [call(B.Reshape(one, T), part) for part in parts]


def _stacked(samples: Sequence[Wire]) -> Wire:
    """A block of samples."""
    one = _times(1, samples[0].T)
    rows = [call(B.Reshape(x.T, one), x) for x in samples]
    return rows[0] if len(rows) == 1 else call(B.Concatenate((one,) * len(rows), 0), *rows)

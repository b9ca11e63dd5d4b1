"""What waits at the ends of a pipeline: targets for their samples, predictions to be taken."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream

from catgrad.hdl.multiplier import Family
from catgrad.hdl.ring import ring
from catgrad.hdl.tokens import Tokens, level

SLACK = 6
"""Cycles from the transfer of a sample to that of its prediction, and back, beside its stages."""


def targets(
    m: Module, y: stream.Interface, tokens: Tokens, stage: int, counts: int, family: Family | None
) -> tuple[Value, Value]:
    """Let targets wait for their samples, up to a stage.

    - `y`: the stream of targets; `counts`: the stage in which a sample takes its target, -1 for the
      cycle in which it enters

    Returns the target of the sample in that stage, and whether there is one for the next sample.
    """
    depth = 1 << (stage + SLACK - 1).bit_length()
    arrives, leaves = y.valid & y.ready, tokens.trained(stage)
    stored = level(m, "targets", depth, 0, arrives, leaves)
    free = level(m, "free_targets", depth, 0, arrives, tokens.trained(counts))
    room = Signal(init=1, name="target_room")
    m.d.sync += room.eq(stored <= depth - 2)
    m.d.comb += y.ready.eq(room)
    word = ring(m, "target", y.payload.as_value(), arrives, leaves, depth, family=family)
    if counts < 0:
        return word, free.any()
    # The target of the sample that is in stage 0 is still counted.
    there = Signal(name="target_there")
    m.d.sync += there.eq(Mux(tokens.trained(counts), free > 1, free.any()))
    return word, there


def predictions(
    m: Module,
    prediction: stream.Interface,
    number: Value,
    tokens: Tokens,
    stage: int,
    counts: int,
    family: Family | None,
) -> Value:
    """Let the predictions of a stage wait to be taken.

    - `prediction`: their stream; `counts`: the stage in which a sample takes the room for its own

    Returns whether there is room for one more.
    """
    depth = 1 << (stage + SLACK - 1).bit_length()
    done, taken = tokens.valid(stage), prediction.valid & prediction.ready
    room = level(m, "room", depth, depth, taken, tokens.valid(counts))
    open_, there = Signal(init=1, name="open"), Signal(name="answer_there")
    m.d.sync += open_.eq(room >= 2)
    word = ring(m, "answer", number, done, taken, depth, there=there, family=family)
    m.d.comb += [prediction.valid.eq(there), prediction.payload.as_value().eq(word)]
    return open_

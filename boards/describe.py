"""What a host has to know of a learner."""

from __future__ import annotations

from hashlib import blake2b

from amaranth.back import rtlil
from amaranth.hdl import Shape, ShapeLike, UnusedElaboratable
from amaranth.lib import data

from boards.design import Design, Formats
from boards.protocol import DIGEST_BYTES, VERSION
from boards.serial import Front
from catgrad.circuit import Format, Netlist, to_text
from catgrad.folded.machine import Machine
from catgrad.hdl.folded.engine import Engine
from catgrad.hdl.folded.streams import arrays_of
from catgrad.hdl.pipelined_learner import PipelinedLearner
from catgrad.hdl.serial.filter import SerialFilter
from catgrad.hdl.transducer import Transducer

Learner = Transducer | PipelinedLearner | Engine | SerialFilter
"""What can be put on a board."""


def describe(name: str, learner: Learner, front: Front | None = None) -> Design:
    """What a host has to know of a learner, behind a front if there is one.

    The digest covers the formats, what the learner computes and how, what its parameters are at
    first, the circuit of the front, and this protocol's version.
    """
    if isinstance(learner, Engine):
        rows, places = engine_rows(learner), tuple(learner.places.tolist())
        text = engine_text(learner.machine)
        if memory(learner):
            text += f"\n{list(map(int, learner.memory))}"
    else:
        ports = {port.name: port.formats for port in learner.netlist.inputs}
        ports["prediction"] = learner.netlist.output("prediction").formats
        rows = {row: ports.get(row, ()) for row in ("x", "y", "prediction", "parameters")}
        rows["parameters"] *= channels(learner)
        text, places = f"{to_text(learner.netlist)}{learner.state}", None
    if front is not None:
        rows["x"] = formats_of(front.i.payload.shape())
    always = learner.learns and "train" not in learner.signature.members
    how = [type(learner).__name__, channels(learner), always, learner.latency, learner.interval]
    if front is not None:
        how.append(circuit(front))
    program = "\n".join(map(str, [VERSION, rows, learner.initial, text, *how]))
    digest = blake2b(program.encode(), digest_size=DIGEST_BYTES).hexdigest()
    return Design(
        name,
        learner.learns,
        digest=digest,
        places=places,
        history=history(learner, front),
        channels=channels(learner),
        always=always,
        interval=learner.interval,
        memory=memory(learner),
        x=rows["x"],
        y=rows["y"],
        prediction=rows["prediction"],
        parameters=rows["parameters"],
    )


def circuit(front: Front) -> str:
    """The circuit of a front, as text."""
    # Where it has elaborated one thing, Amaranth warns of all others that are not elaborated. A
    # host describes what is on its board, and elaborates nothing of it.
    silent = UnusedElaboratable._MustUse__silence
    try:
        text: str = rtlil.convert(front, name="front", emit_src=False)
    finally:
        UnusedElaboratable._MustUse__silence = silent
    return text


def remembers(learner: Learner) -> bool:
    """Whether its parameters are in memories, which a reset leaves as they are."""
    return isinstance(learner, Engine | SerialFilter) or channels(learner) > 1


def memory(learner: Learner) -> int:
    """How many numbers its model remembers in block RAM, which a reset leaves as they are."""
    if not isinstance(learner, Engine):
        return 0
    return sum(arrays_of(learner.machine, "memory").sizes)


def channels(learner: Learner) -> int:
    """How many learners take turns."""
    return learner.channels if isinstance(learner, PipelinedLearner) else 1


def history(learner: Learner, front: Front | None) -> int | None:
    """Of how many samples before it a prediction is made as well; None if of any number."""
    before = 0 if front is None else front.history
    if isinstance(learner, Engine):
        return None if memory(learner) else before
    inside = window(learner.netlist)
    return None if inside is None else before + inside


def window(netlist: Netlist) -> int | None:
    """How many samples before the last one its state is made of, if it only keeps and moves them.

    Picture a line ``x → state 0 → state 1 → ...``; None if it keeps anything else.
    """
    inputs = {port.name: port for port in netlist.inputs}
    outputs = {port.name: port for port in netlist.outputs}
    if "late" in inputs and len(inputs["late"]):
        return None
    if "state" not in inputs:
        return 0
    nexts = dict(zip(inputs["state"].nets.tolist(), outputs["state"].nets.tolist(), strict=True))
    sources = set(inputs["x"].nets.tolist())
    longest = 0
    for net in nexts:
        seen, at = 0, net
        while at in nexts and seen <= len(nexts):
            seen, at = seen + 1, nexts[at]
        if at not in sources:
            return None
        longest = max(longest, seen)
    return longest


def engine_rows(engine: Engine) -> dict[str, Formats]:
    """The format of each element of a row, one array after another."""
    names = {"x": "x", "y": "y", "prediction": "prediction", "parameters": "state"}
    rows = {}
    for name, kind in names.items():
        arrays = arrays_of(engine.machine, kind)
        pairs = zip(arrays.formats, arrays.sizes, strict=True)
        rows[name] = tuple(format for format, size in pairs for _ in range(size))
    return rows


def engine_text(machine: Machine) -> str:
    """All that a machine computes and when, as text: the same for the same machine."""
    bodies = [f"{to_text(body.netlist)}{body.stage.tolist()}" for body in machine.bodies]
    rest = [machine.phases.arrays, machine.timing, machine.memories, machine.homes]
    return "\n".join([*bodies, *map(str, rest), *map(str, machine.instructions)])


def formats_of(shape: ShapeLike) -> Formats:
    """The format of each element of a payload of this shape.

    >>> from amaranth.hdl import signed
    >>> formats_of(data.ArrayLayout(signed(8), 2))
    (Format(width=8, signed=True), Format(width=8, signed=True))
    """
    shapes = [field.shape for _, field in shape] if isinstance(shape, data.Layout) else [shape]
    casts = map(Shape.cast, shapes)
    return tuple(Format(cast.width, cast.signed) for cast in casts)

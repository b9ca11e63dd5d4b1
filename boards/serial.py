"""Learners that take and give one element at a time, as a serial line brings and fetches them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from catgrad.circuit.format import Format, Integers
from catgrad.hdl.layout import elements, layout_of, shape_of
from catgrad.hdl.pipelined_learner import PipelinedLearner
from catgrad.hdl.serial.filter import SerialFilter
from catgrad.hdl.transducer import Transducer


class Front(Protocol):
    """Something that makes each `x` of a transducer out of what comes in at `i`.

    `history` is how many samples before the last one an `x` is made of.
    """

    signature: wiring.Signature
    history: int
    i: Any
    o: Any

    def model(self, samples: Integers) -> Integers:
        """The `x` made of the last `history + 1` samples, `int[history + 1, n]`, the newest last.

        What comes before the first sample is 0.
        """


def widest(formats: Sequence[Format]) -> Format:
    """A format that holds the numbers of each of these.

    >>> widest([Format(12, True), Format(12, False)])
    Format(width=13, signed=True)
    """
    signed = any(format.signed for format in formats)
    return Format(max(f.width + (signed and not f.signed) for f in formats), signed)


class Gather(wiring.Component):
    """Elements one after another become one payload.

    Members: `i`, stream of elements in the `widest` format; `o`, stream of `layout_of(formats)`.

    Latency: 1 cycle after the last element; a payload of one element passes at once.
    """

    def __init__(self, formats: Sequence[Format]) -> None:
        self.formats = tuple(formats)
        super().__init__(
            {
                "i": In(stream.Signature(shape_of(widest(self.formats)))),
                "o": Out(stream.Signature(layout_of(self.formats))),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        if len(self.formats) == 1:
            m.d.comb += [
                Value.cast(self.o.payload).eq(self.i.payload),
                self.o.valid.eq(self.i.valid),
                self.i.ready.eq(self.o.ready),
            ]
            return m
        # The newest element enters at the top, so the first comes to lie at the bottom.
        held = [
            Signal(len(Value.cast(self.i.payload)), name=f"held_{i}") for i in range(self.count)
        ]
        number = Signal(range(self.count))
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            Value.cast(self.o.payload).eq(
                Cat(h[: f.width] for h, f in zip(held, self.formats, strict=True))
            ),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += Cat(held).eq(Cat(*held[1:], self.i.payload))
            m.d.sync += number.eq(number + 1)
            with m.If(number == self.count - 1):
                m.d.sync += [number.eq(0), self.o.valid.eq(1)]
        return m

    @property
    def count(self) -> int:
        """How many elements a payload has."""
        return len(self.formats)


class Spread(wiring.Component):
    """A payload becomes its elements, one after another.

    Members: `i`, stream of `layout_of(formats)`, held until its last element has been taken; `o`,
    stream of elements in the `widest` format. Latency: 0 cycles.
    """

    def __init__(self, formats: Sequence[Format]) -> None:
        self.formats = tuple(formats)
        super().__init__(
            {
                "i": In(stream.Signature(layout_of(self.formats))),
                "o": Out(stream.Signature(shape_of(widest(self.formats)))),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        count = len(self.formats)
        number = Signal(range(count))
        last = number == count - 1
        with m.Switch(number):
            for i, element in enumerate(elements(self.i.payload)):
                with m.Case(i):
                    m.d.comb += self.o.payload.eq(element)
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready & last),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += number.eq(number + 1)
            with m.If(last):
                m.d.sync += number.eq(0)
        return m


class Serial(wiring.Component):
    """A transducer, with something in front of it or not, whose payloads are single elements.

    Members: those of the transducer; `x`, `y` and `prediction` carry one element in each transfer,
    in the `widest` format of its row. `parameters`, the registers, stay inside.
    """

    def __init__(
        self,
        transducer: Transducer | PipelinedLearner | SerialFilter,
        front: Front | None = None,
    ) -> None:
        self.transducer = transducer
        self.front = front
        inputs = {port.name: port.formats for port in transducer.netlist.inputs if len(port)}
        self.rows = {
            "prediction": transducer.netlist.output("prediction").formats,
            **({"x": inputs["x"]} if front is None else {}),
            **({"y": inputs["y"]} if transducer.has_target else {}),
        }
        members = dict(transducer.signature.members)
        members.pop("parameters", None)
        for name, formats in self.rows.items():
            flow = Out if name == "prediction" else In
            members[name] = flow(stream.Signature(shape_of(widest(formats))))
        if front is not None:
            members["x"] = front.signature.members["i"]
        super().__init__(members)
        self._MustUse__used = True  # Amaranth would warn of one that is made to be looked at only.

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.transducer = transducer = self.transducer
        if self.front is not None:
            m.submodules.front = self.front
            connect(m, flipped(self.x), self.front.i)
            connect(m, self.front.o, transducer.x)
        for name, formats in self.rows.items():
            inside = getattr(transducer, name)
            if name == "prediction":
                m.submodules[f"spread_{name}"] = spread = Spread(formats)
                connect(m, inside, spread.i)
                connect(m, spread.o, flipped(self.prediction))
            else:
                m.submodules[f"gather_{name}"] = gather = Gather(formats)
                connect(m, flipped(getattr(self, name)), gather.i)
                connect(m, gather.o, inside)
        for name, port in self.signature.members.items():
            if name in self.rows or name == "x":
                continue
            outside, inside = getattr(self, name), getattr(transducer, name)
            if port.is_signature and port.flow is In:
                connect(m, flipped(outside), inside)
            elif port.is_signature:
                connect(m, inside, flipped(outside))
            elif port.flow is In:
                m.d.comb += inside.eq(outside)
            else:
                m.d.comb += outside.eq(inside)
        return m

"""Designs with one fault each, for the bench to find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from amaranth.hdl import Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Flow

from catgrad.circuit import Netlist
from catgrad.hdl.transducer import Transducer

Fault = Callable[[Module, Any, Any], None]
"""Rewires, in a module, what lies between the ports of a design and the sound design inside."""


class Broken(wiring.Component):
    """A sound design behind wires, some of which a fault connects differently."""

    def __init__(self, inside: Any, fault: Fault) -> None:
        self.inside = inside
        self.latency, self.interval = self.inside.latency, self.inside.interval
        if hasattr(inside, "places"):
            self.places, self.machine = inside.places, inside.machine
        self.fault = fault
        super().__init__(self.inside.signature)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.inside = self.inside
        pairs = zip(self.signature.flatten(self), self.signature.flatten(self.inside), strict=True)
        for (_, member, outer), (_, _, inner) in pairs:
            outer, inner = Value.cast(outer), Value.cast(inner)
            m.d.comb += outer.eq(inner) if member.flow is Flow.Out else inner.eq(outer)
        # Of several assignments the last one counts.
        self.fault(m, self, self.inside)
        return m


def broken(design: Netlist | wiring.Component, fault: Fault) -> Transducer:
    inside = Transducer(design) if isinstance(design, Netlist) else design
    return cast(Transducer, Broken(inside, fault))


def withdraws_offers(m: Module, _design: Any, inside: Any) -> None:
    """Each prediction is offered for one cycle, taken or not."""
    m.d.comb += inside.prediction.ready.eq(1)


def changes_offers(m: Module, design: Any, inside: Any) -> None:
    """The prediction counts the cycles in which it waits."""
    waited = Signal(8)
    m.d.sync += waited.eq(Mux(design.prediction.valid & ~design.prediction.ready, waited + 1, 0))
    m.d.comb += Value.cast(design.prediction.payload).eq(
        Value.cast(inside.prediction.payload) + waited
    )


def waits_for_ready(m: Module, design: Any, inside: Any) -> None:
    """A prediction is offered only to who is ready."""
    m.d.comb += design.prediction.valid.eq(inside.prediction.valid & design.prediction.ready)


def drops_samples(m: Module, design: Any, _inside: Any) -> None:
    """Samples are taken whether or not there is room for them."""
    m.d.comb += design.x.ready.eq(1)


def repeats_samples(m: Module, design: Any, inside: Any) -> None:
    """A sample that was taken enters once more."""
    last = Signal.like(Value.cast(design.x.payload))
    again = Signal()
    with m.If(inside.x.valid & inside.x.ready):
        m.d.sync += again.eq(~again)
        m.d.sync += last.eq(design.x.payload)
    with m.If(again):
        m.d.comb += inside.x.valid.eq(1)
        m.d.comb += Value.cast(inside.x.payload).eq(last)
        m.d.comb += design.x.ready.eq(0)
        m.d.comb += inside.train.eq(0)


def repeats_the_last(m: Module, design: Any, inside: Any) -> None:
    """The last prediction is offered for ever."""
    m.d.comb += design.prediction.valid.eq(inside.prediction.valid | (inside.samples == 40))


def always_offers(m: Module, design: Any, _inside: Any) -> None:
    """Predictions are offered all the time."""
    m.d.comb += design.prediction.valid.eq(1)


def looks_late(m: Module, design: Any, inside: Any) -> None:
    """What counts is the payload of the cycle before the transfer."""
    before = Signal.like(Value.cast(design.x.payload))
    m.d.sync += before.eq(design.x.payload)
    m.d.comb += Value.cast(inside.x.payload).eq(before)


def looks_always(m: Module, design: Any, inside: Any) -> None:
    """What counts is every bit that was 1 since the last transfer."""
    payload = Value.cast(design.x.payload)
    seen = Signal.like(payload)
    m.d.sync += seen.eq(Mux(design.x.valid & design.x.ready, 0, seen | payload))
    m.d.comb += Value.cast(inside.x.payload).eq(seen | payload)


def always_takes_targets(m: Module, design: Any, inside: Any) -> None:
    """A sample takes a target whether or not it is learned from."""
    m.d.comb += design.y.ready.eq(inside.y.ready | (design.x.valid & design.x.ready))


def takes_a_spare_target(m: Module, design: Any, inside: Any) -> None:
    """After the last sample it takes one target more."""
    m.d.comb += design.y.ready.eq(inside.y.ready | (inside.samples == 40))


def never_takes_targets(m: Module, design: Any, _inside: Any) -> None:
    """It learns from the first target again and again."""
    m.d.comb += design.y.ready.eq(0)


def always_learns(m: Module, _design: Any, inside: Any) -> None:
    """`train` is ignored."""
    m.d.comb += inside.train.eq(1)


def miscounts(m: Module, design: Any, inside: Any) -> None:
    """Every other sample is counted."""
    m.d.comb += design.samples.eq(inside.samples >> 1)


def mixes_up_addresses(m: Module, design: Any, inside: Any) -> None:
    """The parameter next to the one asked for is fetched."""
    m.d.comb += inside.fetch.payload.eq(design.fetch.payload ^ 1)


def answers_unasked(m: Module, design: Any, _inside: Any) -> None:
    """Parameters are fetched all the time."""
    m.d.comb += design.fetched.valid.eq(1)


def shows_wrong_parameters(m: Module, design: Any, inside: Any) -> None:
    """The port is wrong after the fifth sample, and right again after the sixth."""
    with m.If(inside.samples == 5):
        m.d.comb += Value.cast(design.parameters).eq(~Value.cast(inside.parameters))


def never_rests(m: Module, design: Any, _inside: Any) -> None:
    """A sample never leaves."""
    m.d.comb += design.busy.eq(1)


def rests_early(m: Module, design: Any, _inside: Any) -> None:
    """It seems to be at rest before it has learned."""
    m.d.comb += design.busy.eq(0)


def works_after_reset(m: Module, design: Any, inside: Any) -> None:
    """Not a fault: nothing is taken before the first reset."""
    awake = Signal(reset_less=True)
    with m.If(ResetSignal()):
        m.d.sync += awake.eq(1)
    m.d.comb += inside.x.valid.eq(design.x.valid & awake)
    m.d.comb += design.x.ready.eq(inside.x.ready & awake)

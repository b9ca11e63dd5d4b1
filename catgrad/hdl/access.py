"""Parameters from outside: load and fetch, while no sample is inside a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value

from catgrad.hdl.folded.table import modulo


@dataclass
class Access:
    """How the outside reaches the numbers: one after another, while no sample is inside.

    - `holds`: the next sample has to wait
    - `serving`: nothing else happens; it begins once no sample is inside, and ends with `holds`
    - `step`: on from the number at hand by one; `next_step` says so a cycle before
    - `place`: which number is at hand; with several channels, `row` is its channel
    - `loads`, `value`: whether and what to put there in this cycle, in which there is a step
    - `fetches`, `is_outside`: whether the number is asked for, and whether there is none
    """

    holds: Signal
    serving: Signal
    next_step: Signal
    step: Signal
    place: Signal
    row: Signal
    loads: Signal
    value: Value
    fetches: Signal
    is_outside: Signal

    def answer(self, m: Module, ports: Any, at_hand: Value) -> None:
        """Send the number at hand to who asked for it."""
        with m.If(self.fetches):
            m.d.sync += ports.fetched.payload.eq(Mux(self.is_outside, 0, at_hand))
            m.d.sync += ports.fetched.valid.eq(1)
        with m.Elif(ports.fetched.ready):
            m.d.sync += ports.fetched.valid.eq(0)


def serve(m: Module, ports: Any, idle: Value, wanted: Value, places: int, rows: int) -> Access:
    """Answer `load` and `fetch` of a component with so many parameters in each of several rows.

    What is at hand moves from parameter to parameter, and to the next row behind the last, until it
    is the one asked for. That is found out in one cycle, and the transfer takes place in the next.
    When nothing is asked for, but a sample is `wanted` in, it moves on to where it began.
    """
    access = Access(
        holds=Signal(name="holds"),
        serving=Signal(name="serving"),
        next_step=Signal(name="next_step"),
        step=Signal(name="step"),
        place=Signal(range(max(places, 2)), name="place"),
        row=Signal(range(max(rows, 2)), name="row"),
        loads=Signal(name="loads"),
        value=ports.load.payload.value,
        fetches=Signal(name="fetches"),
        is_outside=Signal(name="is_outside"),
    )
    total = places * rows
    here, takes_load = Signal(range(max(total, 2)), name="here"), Signal(name="takes_load")
    asked, decides, can = Signal(name="asked"), Signal(name="decides"), Signal(name="can")
    address = Signal.like(ports.fetch.payload, name="asked_address")
    outside, there, found = (Signal(name=name) for name in ("outside", "there", "found"))
    loading, fetching = ports.load.valid, Signal(name="fetching")
    answerable = ~ports.fetched.valid | ports.fetched.ready
    busy = Signal(name="access_busy")
    m.d.comb += [
        asked.eq(loading | ports.fetch.valid),
        address.eq(Mux(loading, ports.load.payload.address, ports.fetch.payload)),
        outside.eq(address >= total if total < 1 << len(address) else Const(0)),
        there.eq(address == here),
        can.eq(loading | answerable),
        found.eq(asked & (there | outside) & can),
        fetching.eq(found & ~loading),
        busy.eq(asked | (here != 0) | access.step | takes_load | access.fetches),
        decides.eq(access.serving & ~(access.step | takes_load | access.fetches)),
        access.next_step.eq(
            # Where the number is takes longest to tell.
            (decides & asked & ~outside & can)
            | (decides & asked & ~outside & ~there)
            | (decides & ~asked & wanted & (here != 0))
        ),
        access.loads.eq(takes_load & ~access.is_outside),
        ports.load.ready.eq(takes_load),
        ports.fetch.ready.eq(access.fetches),
    ]
    m.d.sync += [
        takes_load.eq(decides & found & loading),
        access.fetches.eq(decides & fetching),
        access.is_outside.eq(outside),
        access.step.eq(access.next_step),
        access.holds.eq(busy),
        # The last sample before `holds` is seen by `idle` a cycle after it entered.
        access.serving.eq(busy & access.holds & idle),
    ]
    with m.If(access.step):
        m.d.sync += here.eq(modulo(m, "here_next", here + 1, len(here)))
        after = modulo(m, "place_next", access.place + 1, len(access.place))
        m.d.sync += access.place.eq(after)
        with m.If(access.place == places - 1):
            row = modulo(m, "row_next", access.row + 1, len(access.row))
            m.d.sync += [access.place.eq(0), access.row.eq(row)]
        with m.If(here == total - 1):
            m.d.sync += [here.eq(0), access.row.eq(0)]
    return access

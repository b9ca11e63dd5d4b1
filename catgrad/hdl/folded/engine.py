"""Folded engines: one machine for all layers, that predicts and learns sample by sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from catgrad.circuit.format import IntArray
from catgrad.folded.machine import Instruction, Machine
from catgrad.folded.streaming import interval, settling_cycles
from catgrad.hdl.folded.access import Places, fetch, load
from catgrad.hdl.folded.address import Generator, Use
from catgrad.hdl.folded.bodies import Unit, only
from catgrad.hdl.folded.lanes import Lanes
from catgrad.hdl.folded.results import build_unit, entrance
from catgrad.hdl.folded.sequencer import Sequencer
from catgrad.hdl.folded.stations import Station, codes, drained
from catgrad.hdl.folded.storage import Storage, format_of
from catgrad.hdl.folded.streams import Receiver, Sender, arrays_of
from catgrad.hdl.folded.table import equals, modulo, pick
from catgrad.hdl.interface import check_initial
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family

COUNTER_BITS = 32
"""Counters of events start again from 0 after 2**32 - 1."""


class Engine(wiring.Component):
    """A folded engine, number by number.

    `catgrad.folded.machine` says what happens in which cycle; this is how it is built::

          sequencer ──> ISSUE ─────────> READ ─────────> WRITE        events, through registers
                          │ factors        │ operands      ▲ stores
                          ▼                ▼               │
        x, y ──> [ memories ]──> lanes ──> bodies ─────────┴──> [ memories ] ──> prediction
                                (products, sums)

    Each station has an address generator for each memory that it uses. A second pair of stations,
    with a body for each lane, is for what is computed in all lanes at once.

    Members
    -------
    - `x`: In, stream of numbers: the arrays of x in order, each row by row. Narrower numbers are
      extended to the payload, as those of `y` and of `prediction` are
    - `y`: In, stream of numbers, for samples with `train` 1 only; it may run ahead of x by as many
      samples as there is room for. Absent if the machine has no y
    - `train`: In(1), whether to learn from the sample whose first number is transferred on `x`.
      Absent if the machine does not learn
    - `prediction`: Out, stream of numbers. It is offered once it is complete
    - `load`: In, stream of `address` and `value`: sets one parameter. `places` has their addresses;
      at any other it does nothing
    - `fetch`: In, stream of addresses; `fetched`: Out, stream of the parameters there, 0 where
      there is none. `load` and `fetch` are served between samples, and before the next one starts.
      They, and `fetched`, are absent if the machine has no parameters
    - `forward_saturations`, `learning_saturations`, `samples`: Out(32), modulo 2**32
    - `busy`: Out(1), from the cycle after the first number of an x until all of the sample is
      computed. While it is 0, the parameters and the counters are those after the last sample

    Latency: `latency` cycles from the transfer of the last number of x and y to the first in which
    a prediction is valid, where the engine was idle. Interval: `interval` cycles from sample to
    sample that it learns from (that it predicts from, if it does not learn), where nothing stalls:
    x and y are taken in, and predictions sent out, while others are computed. Rounding and overflow
    are those of the bodies.

    After a reset the engine is idle and its counters are 0; its memories keep what they hold. The
    parameters, and what a model remembers of the samples before, are the initial ones after
    configuration.

    Parameters
    ----------
    machine: what to build
    initial: the integers of the parameters in flat order; zeros if None
    family: the FPGA whose multiplier blocks to use by name; None for any, and for simulation
    memory: the integers that the model remembers at first, in flat order; zeros if None
    """

    def __init__(
        self,
        machine: Machine,
        initial: Sequence[int] | None = None,
        family: Family | None = None,
        memory: Sequence[int] | None = None,
    ) -> None:
        self.machine, self.family = machine, family
        self._x, self._y, self._prediction = (
            arrays_of(machine, kind) for kind in ("x", "y", "prediction")
        )
        self._places = Places(machine)
        self.places: IntArray = self._places.addresses()
        state = self._places.state
        formats = tuple(
            format
            for format, size in zip(state.formats, state.sizes, strict=True)
            for _ in range(size)
        )
        self.initial = check_initial(initial, formats)
        self._memory = arrays_of(machine, "memory")
        remembered = zip(self._memory.formats, self._memory.sizes, strict=True)
        self.memory = check_initial(
            memory,
            tuple(format for format, size in remembered for _ in range(size)),
            "memory number",
        )
        self.learns = machine.forward < len(machine.instructions) or bool(self._y.size)
        self.interval = interval(machine, machine.forward < len(machine.instructions))
        self.latency = self._ends()[self._predicts()] + 6 + machine.timing.read
        members = {
            "x": In(stream.Signature(shape_of(self._x.format))),
            "prediction": Out(stream.Signature(shape_of(self._prediction.format))),
            "forward_saturations": Out(COUNTER_BITS),
            "learning_saturations": Out(COUNTER_BITS),
            "samples": Out(COUNTER_BITS),
            "busy": Out(1),
        }
        if self._y.size:
            members["y"] = In(stream.Signature(shape_of(self._y.format)))
        if self.learns:
            members["train"] = In(1)
        if formats:
            format = state.format
            value = signed(format.width + (not format.signed))
            address = self._places.shape
            entry = data.StructLayout({"address": address, "value": value})
            members["load"] = In(stream.Signature(entry))
            members["fetch"] = In(stream.Signature(address))
            members["fetched"] = Out(stream.Signature(value))
        super().__init__(members)
        self._MustUse__used = True  # Amaranth would warn of one that is made to be looked at only.

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        machine = self.machine
        storages = self._storages(m)
        self._idle, self._asked = Signal(name="no_sample_inside"), Signal(name="access_first")
        may_start, training = Signal(name="may_start"), Signal(name="next_trains")
        code = codes(machine)
        sequencer = Sequencer(m, machine, code, may_start, training)
        issue = sequencer.station
        generators = self._factors(issue, storages)
        lanes = Lanes(m, machine, issue, storages, generators, self.family)
        units = [
            unit
            for parallel in (False, True)
            if (unit := build_unit(m, machine, parallel, issue, code, lanes, storages))
        ]
        stored = self._stored(m, units)
        settles = self._settle(m, sequencer)
        self._access(m, storages)
        self._streams(m, storages, sequencer, stored, settles, may_start, training)
        self._count(m, units, stored[0])
        for storage in storages:
            storage.connect(m)
        return m

    def _storages(self, m: Module) -> list[Storage]:
        """The memories, with the initial parameters where they live, and what is remembered."""
        machine = self.machine
        numbers = [np.zeros((r.rows, r.lanes), dtype=object) for r in machine.memories]
        for arrays, initial in (
            (self._places.state, self.initial),
            (self._memory, self.memory),
        ):
            start = 0
            for size, home in zip(arrays.sizes, arrays.homes, strict=True):
                row, lane = home.layout.place(np.arange(size, dtype=np.int64))
                numbers[home.memory][home.base + row, lane] = initial[start : start + size]
                start += size
        return [
            Storage(m, memory, format_of(machine, i), machine.timing.read, numbers[i].tolist())
            for i, memory in enumerate(machine.memories)
        ]

    def _factors(self, issue: Station, storages: Sequence[Storage]) -> dict[int, Generator]:
        """The factors of all instructions, on the ports of the memories that have them."""
        machine, generators = self.machine, {}
        phases = [machine.phases.phases[i.phase] for i in machine.instructions]
        for number, storage in enumerate(storages):
            uses = [
                only(
                    [
                        Use(access, machine.phases.arrays[place.array].kind == "y")
                        for access, place in zip(i.factors, phase.factors, strict=True)
                        if access.memory == number
                    ],
                    phase.name,
                    storage,
                )
                for i, phase in zip(machine.instructions, phases, strict=True)
            ]
            if any(uses):
                generators[number] = Generator(issue, storage.memory, uses)
                storage.read(generators[number])
        return generators

    def _stored(self, m: Module, units: Sequence[Unit]) -> tuple[Value, Value]:
        """When all of a prediction is in its memory, and in which copy."""
        last = self._predicts()
        for station in (station for unit in units for station in unit.writes):
            here = [course.number == last for course in station.courses]
            if any(here):
                ends = Signal(name="prediction_ends")
                over = equals(station.code, station.codes.end)
                over |= equals(station.code, station.codes.finish)
                m.d.comb += ends.eq(station.mark(here) & over)
                return station.later(ends, 1), station.later(station.field("copy"), 1)
        raise AssertionError

    def _ends(self) -> list[int]:
        """When each instruction stores its last result, from the first issue of the sample."""
        machine, end, ends = self.machine, 0, []
        for i in machine.instructions:
            end += i.wait + i.cycles
            ends.append(end - i.gap - 1 + self._stores(i))
        return ends

    def _stores(self, instruction: Instruction) -> int:
        """Cycles from the last issue of a result to its store, in the last lane."""
        machine = self.machine
        last = machine.lanes - 1 if drained(machine, instruction) else 0
        latency = machine.bodies[instruction.body].latency
        return entrance(instruction, machine.timing, machine.lanes) + last + latency

    def _predicts(self) -> int:
        """Which instruction stores the last number of a prediction."""
        machine = self.machine
        return max(
            (end, k)
            for k, end in enumerate(self._ends())
            for store in machine.phases.phases[machine.instructions[k].phase].stores
            if machine.phases.arrays[store.place.array].kind == "prediction"
        )[1]

    def _shortest(self) -> int:
        """The fewest cycles from the end of one sample to that of the next."""
        machine = self.machine
        program = machine.instructions[: machine.forward]
        return min(machine.restart) + sum(i.wait + i.cycles - i.gap for i in program)

    def _settle(self, m: Module, sequencer: Sequencer) -> Signal:
        """Wait until all of a sample is stored and counted; 1 in the last cycle of that."""
        self._drain = settling_cycles(self.machine)
        settled, settling = Signal(name="settled"), Signal(name="settling")
        if self._shortest() > self._drain:
            # A register, since it takes long to know that a sample finishes.
            finished = Signal(name="sample_finished")
            m.d.sync += finished.eq(sequencer.finishes)
            left = Signal(range(self._drain), name="settling_left")
            with m.If(finished):
                m.d.sync += left.eq(self._drain - 1)
            with m.Elif(left.any()):
                m.d.sync += left.eq(modulo(m, "settling_next", left - 1, len(left)))
            m.d.comb += [settled.eq(equals(left, 1)), settling.eq(finished | left.any())]
        else:  # The next sample may finish before this one is settled.
            line = Signal(self._drain, name="settling_line")
            m.d.sync += line.eq(Cat(sequencer.finishes, line))
            m.d.comb += [settled.eq(line[-1]), settling.eq(line.any())]
        m.d.comb += self._idle.eq(~sequencer.running & ~settling)
        self._settled, self._settling = settled, settling
        self._settled_copy = Signal(name="settled_copy")
        with m.If(settled):
            m.d.sync += self._settled_copy.eq(~self._settled_copy)
        return settled

    def _access(self, m: Module, storages: Sequence[Storage]) -> None:
        """Serve the host before the next sample starts."""
        if not len(self.places):
            return
        wants = Signal(name="fetch_wants")
        load(m, self._places, storages, self.load, self._idle)
        self._fetch_wants = wants
        m.d.comb += self._asked.eq(self.load.valid | wants)

    def _streams(
        self,
        m: Module,
        storages: Sequence[Storage],
        sequencer: Sequencer,
        stored: tuple[Value, Value],
        settled: Value,
        may_start: Signal,
        training: Signal,
    ) -> None:
        """Take in x and y, send out predictions, and start a sample when all is there for it."""
        train = self.train if self.learns else None
        x = Receiver(m, self._x, storages, self.x, train)
        x.release(settled, self._settled_copy)
        sender = Sender(m, self._prediction, storages, self.prediction, *stored)
        if len(self.places):
            quiet = self._idle & ~self.load.valid  # so that no row is written while it is read
            wants = self._fetch_wants
            fetch(m, self._places, storages, self.fetch, self.fetched, quiet, wants)
        ready = pick(sequencer.copy, list(x.copies.full)) & ~pick(sequencer.copy, list(sender.full))
        m.d.comb += training.eq(pick(sequencer.copy, list(x.trains)))
        inside = x.copies.full.any() | x.partial
        if self._y.size:
            y = Receiver(m, self._y, storages, self.y)
            trained = settled & pick(self._settled_copy, list(x.trains))
            target = Signal(name="settled_target")
            with m.If(trained):
                m.d.sync += target.eq(~target)
            y.release(trained, target)
            ready = ready & (~training | pick(sequencer.target, list(y.copies.full)))
        if self._shortest() <= self._drain:
            # With two samples unsettled, the copy for the next one is still that of the first.
            ready = ready & (~self._settling | (sequencer.copy ^ self._settled_copy))
        # A register cuts the longest path; it knows nothing yet of the copy after this one.
        complete = Signal(name="sample_is_complete")
        m.d.sync += complete.eq(ready & ~sequencer.finishes)
        m.d.comb += [
            may_start.eq(complete & ~self._asked),
            self.busy.eq(~self._idle | inside),
        ]

    def _count(self, m: Module, units: Sequence[Unit], predicted: Value) -> None:
        """Add the events to the counters."""
        events: dict[str, Value] = {"samples": predicted}
        for counter in ("forward", "learning"):
            counts = [count for unit in units for count in getattr(unit.counts, counter)]
            if counts:
                events[f"{counter}_saturations"] = sum(counts[1:], counts[0])
        for name, count in events.items():
            counter = getattr(self, name)
            if len(count) > 1 and not isinstance(count, Signal):
                held = Signal(count.shape(), name=f"{name}_now")
                m.d.sync += held.eq(count)
                count = held
            m.d.sync += counter.eq(modulo(m, f"{name}_next", counter + count, COUNTER_BITS))

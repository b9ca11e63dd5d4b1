"""Units of bodies: what computes with totals, and stores and counts what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from amaranth.hdl import Const, Elaboratable, Module, Mux, ResetSignal, Signal, Value

from catgrad.circuit.pipeline import Pipeline
from catgrad.errors import CatgradError
from catgrad.folded.early import early
from catgrad.folded.machine import Access, Instruction, Machine, Mode
from catgrad.folded.phase import Phase
from catgrad.hdl.folded.address import Generator, Use
from catgrad.hdl.folded.choice import choose
from catgrad.hdl.folded.lanes import Lanes
from catgrad.hdl.folded.rounding import rounded
from catgrad.hdl.folded.stations import Station
from catgrad.hdl.folded.storage import Storage
from catgrad.hdl.layout import shape_of
from catgrad.hdl.pipelined import pipelined, rests
from catgrad.hdl.unread import discard


class Body(Elaboratable):
    """A pipelined body in a module of its own: signals for each element of each port.

    `clear`: where it is 1, all outputs are 0 in the next cycle; absent if nobody wants that.
    """

    def __init__(self, pipeline: Pipeline, name: str, clear: Signal | None) -> None:
        self._pipeline, self._clear = pipeline, clear
        self.inputs, self.outputs = (
            {
                port.name: [
                    Signal(shape_of(format), name=f"{name}_{port.name}_{i}", reset_less=True)
                    for i, format in enumerate(port.formats)
                ]
                for port in ports
            }
            for ports in (pipeline.netlist.inputs, pipeline.netlist.outputs)
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        results = pipelined(m, self._pipeline, self.inputs, self._clear)
        for name, signals in self.outputs.items():
            m.d.comb += [s.eq(v) for s, v in zip(signals, results[name], strict=True)]
        discard(m, "reset", [ResetSignal(allow_reset_less=True)])
        return m


@dataclass
class Counts:
    """Numbers of events, each from one place in one cycle, by counter."""

    forward: list[Value] = field(default_factory=list)
    learning: list[Value] = field(default_factory=list)


class Unit:
    """The bodies behind a station that reads operands, and before one that writes.

    In mode PARALLEL there is such a unit with a body of each kind for each lane (`lanes`), else
    one with a single body of each kind.
    """

    def __init__(
        self,
        m: Module,
        machine: Machine,
        reads: Station,
        writes: Sequence[Station],
        storages: Sequence[Storage],
        lanes: Lanes,
    ) -> None:
        self._m, self._machine, self._storages = m, machine, storages
        self._reads, self.writes = reads, writes
        self._sums = lanes
        self.counts = Counts()
        program = [course.instruction for course in reads.courses]
        self._program = program
        parallel = program[0].mode is Mode.PARALLEL
        self.lanes = machine.lanes if parallel else 1
        self._phases = [machine.phases.phases[i.phase] for i in program]
        self._numbers: dict[int, Value] = {}
        self._generators = self._read()
        kinds = sorted({i.body for i in program})
        self._clears: dict[int, Signal] = {}
        self._bodies = [{k: self._body(k, lane) for k in kinds} for lane in range(self.lanes)]
        for station in writes:
            self._write(station)
            self._count(station)

    def _read(self) -> dict[int, Generator]:
        """The operands of all instructions, on the ports of the memories that have them."""
        generators = {}
        for number, storage in enumerate(self._storages):
            uses = [
                only(
                    [
                        Use(access, self._machine.phases.arrays[place.array].kind == "y")
                        for access, place in zip(i.operands, phase.operands, strict=True)
                        if access.memory == number
                    ],
                    phase.name,
                    storage,
                )
                for i, phase in zip(self._program, self._phases, strict=True)
            ]
            if any(uses):
                generators[number] = Generator(self._reads, storage.memory, uses)
                storage.read(generators[number])
        return generators

    def _operand(self, access: Access, lane: int) -> Value:
        storage = self._storages[access.memory]
        if access.vector:
            return storage.numbers[lane]
        if access.memory not in self._numbers:
            generator = self._generators[access.memory]
            self._numbers[access.memory] = storage.number(self._reads, generator)
        return self._numbers[access.memory]

    def _body(self, kind: int, lane: int) -> Body:
        """A body of a kind, with what it is given."""
        name = f"{self._reads.name}_body_{kind}" + (f"_lane_{lane}" if self.lanes > 1 else "")
        here = [i.body == kind for i in self._program]
        pipeline = self._machine.bodies[kind]
        modes = {i.mode for i in self._program if i.body == kind and i.factors}
        is_early = bool(modes) and modes <= self._sums.early
        if is_early:
            netlist = pipeline.netlist
            if self._program[0].mode is Mode.PARALLEL and self._sums.constant:
                _, netlist = rounded(netlist)
            pipeline = early(pipeline, netlist)
        if self._restful() and rests(pipeline, "stores") and kind not in self._clears:
            self._clears[kind] = Signal(name=f"{self._reads.name}_body_{kind}_clear")
        body = Body(pipeline, name, self._clears.get(kind))
        self._m.submodules[name] = body
        read = self._machine.timing.read
        for port in pipeline.netlist.inputs:
            for j, (signal, format) in enumerate(
                zip(body.inputs[port.name], port.formats, strict=True)
            ):
                if port.name == "total":
                    values = [
                        self._sums.total(i.mode, lane, is_early) if chosen else None
                        for i, chosen in zip(self._program, here, strict=True)
                    ]
                else:
                    values = [
                        self._operand(i.operands[j], lane) if chosen else None
                        for i, chosen in zip(self._program, here, strict=True)
                    ]
                label = f"body_{kind}_{port.name}_{j}_source"
                cycles = read - 1 if is_early and port.name == "total" else read
                self._m.d.comb += signal.eq(choose(self._reads, label, values, format, cycles))
        return body

    def _restful(self) -> bool:
        """Whether bodies that compute nothing to be stored may be 0.

        Each instruction then writes rows of one memory, the same for all, and nothing is counted
        where nothing is stored.
        """
        if self._program[0].mode is not Mode.PARALLEL:
            return False
        accesses = [access for i in self._program for access in i.stores]
        stored = [
            phase.stores
            and (
                all(event.learning for event in phase.events)
                or not all(store.learning for store in phase.stores)
            )
            for phase in self._phases
        ]
        alike = len({(access.memory, access.vector) for access in accesses}) == 1
        return all(stored) and alike and accesses[0].vector

    def _write(self, station: Station) -> None:
        """What the instructions store, on the ports of the memories where it belongs."""
        m, program, phases = self._m, *self._of(station)
        for number, storage in enumerate(self._storages):
            stores = [
                [
                    (position, access, store)
                    for position, (access, store) in enumerate(
                        zip(i.stores, phase.stores, strict=True)
                    )
                    if access.memory == number
                ]
                for i, phase in zip(program, phases, strict=True)
            ]
            if not any(stores):
                continue
            uses = [
                only([Use(access) for _, access, _ in stored], phase.name, storage)
                for stored, phase in zip(stores, phases, strict=True)
            ]
            generator = Generator(station, storage.memory, uses)
            always = station.mark([any(not s.learning for *_, s in stored) for stored in stores])
            learning = [any(s.learning for *_, s in stored) for stored in stores]
            writes: Value = always
            if any(learning):
                writes = writes | (station.mark(learning) & station.field("training"))
            enable = Signal(name=f"{station.name}_{storage.memory.name}_enable")
            vector = any(use is not None and use.access.vector for use in uses)
            m.d.sync += enable.eq(writes if vector else writes & station.field("inside")[0])
            data = [
                choose(
                    station,
                    f"{storage.memory.name}_source",
                    [
                        self._bodies[lane][i.body].outputs["stores"][stored[0][0]]
                        if stored
                        else None
                        for i, stored in zip(program, stores, strict=True)
                    ],
                    storage.format,
                    0,
                )
                for lane in range(self.lanes)
            ]
            if vector:
                inside = self._inside(station)
                kinds = {i.body for i in program}
                for kind in kinds & set(self._clears):
                    m.d.comb += self._clears[kind].eq(~writes)
                storage.write_lanes(
                    enable, generator.row, inside, data, rests=kinds <= set(self._clears)
                )
            else:
                storage.write(enable, generator.row, generator.lane, data[0])

    def _of(self, station: Station) -> tuple[list[Instruction], list[Phase]]:
        """The instructions that pass a station, and their phases."""
        program = [course.instruction for course in station.courses]
        return program, [self._machine.phases.phases[i.phase] for i in program]

    def _inside(self, station: Station) -> list[Value]:
        """Whether each lane works, in the cycle of a store."""
        lanes = station.later(station.field("inside"), 1)
        return [lanes[lane] for lane in range(self.lanes)]

    def _count(self, station: Station) -> None:
        """How many events there are."""
        m, program, phases = self._m, *self._of(station)
        for counter in ("forward", "learning"):
            learning = counter == "learning"
            if not any(event.learning == learning for phase in phases for event in phase.events):
                continue
            inside = self._inside(station)
            counts: list[Value] = []
            for kind in sorted({i.body for i in program}):
                if not self._bodies[0][kind].outputs.get(counter):
                    continue
                happens: Value = station.mark([i.body == kind for i in program])
                if learning:
                    happens = happens & station.field("training")
                now = Signal(name=f"{station.name}_body_{kind}_{counter}_counts")
                m.d.sync += now.eq(happens)
                counts += [
                    Mux(now & inside[lane], event, Const(0, 1))
                    for lane in range(self.lanes)
                    for event in self._bodies[lane][kind].outputs[counter]
                ]
            total = added(m, f"{station.name}_{counter}_events", counts)
            getattr(self.counts, counter).append(total)


def added(m: Module, name: str, numbers: Sequence[Value]) -> Signal:
    """The sum of some numbers: a tree with registers before it and at each of its levels.

    It takes a cycle, and one more for each level. A reset clears it, so that nothing is counted
    that was before.
    """
    level, sums, depth = list[Signal](), list(numbers), 0
    while len(level) != 1:
        level = []
        for i, total in enumerate(sums):
            register = Signal(total.shape(), name=f"{name}_{depth}_{i}")
            m.d.sync += register.eq(total)
            level.append(register)
        sums = [sum(level[i + 1 : i + 2], level[i]) for i in range(0, len(level), 2)]
        depth += 1
    (number,) = level
    return number


def only(uses: Sequence[Use], phase: str, storage: Storage) -> Use | None:
    """The one use of a memory by an instruction, or None; CatgradError if there are two."""
    for other in uses[1:]:
        if other != uses[0]:
            raise CatgradError(
                f"Phase {phase} uses memory {storage.memory.name} at {uses[0].access} and at "
                f"{other.access} in the same cycle, but it has one port; put one of the arrays "
                f"into another memory."
            )
    return uses[0] if uses else None

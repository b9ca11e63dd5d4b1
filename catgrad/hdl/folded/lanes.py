"""The lanes: multipliers, the tree that adds their products, and accumulators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product as combinations
from math import prod

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from catgrad.circuit.format import Format
from catgrad.folded.early import early_modes
from catgrad.folded.machine import Instruction, Machine, Mode
from catgrad.hdl.cells import window
from catgrad.hdl.folded.accumulator import accumulator
from catgrad.hdl.folded.address import Generator
from catgrad.hdl.folded.choice import choose
from catgrad.hdl.folded.rounding import constant_of
from catgrad.hdl.folded.stations import Station
from catgrad.hdl.folded.storage import Storage
from catgrad.hdl.folded.table import modulo
from catgrad.hdl.multiplier import Family, Multiplier

Source = tuple[int, bool]
"""Where a factor comes from: a memory, and whether each lane has its own number; -1 for a 1."""

ONE: Source = (-1, False)


class Lanes:
    """All that is computed before the bodies.

    ``total(mode, lane)`` is what a body is given in its cycle v; the lane counts in mode PARALLEL.
    ``early`` are the modes in which it is to be had one cycle before that, too, in a register.
    ``constant`` has been added to the totals of mode PARALLEL.
    """

    def __init__(
        self,
        m: Module,
        machine: Machine,
        station: Station,
        storages: Sequence[Storage],
        generators: Mapping[int, Generator],
        family: Family | None,
    ) -> None:
        self._m, self._machine, self._station = m, machine, station
        self._storages, self._generators, self._family = storages, generators, family
        self._formed: dict[Mode, tuple[list[Value], int]] = {}
        self._totals: dict[tuple[Mode, int], Signal] = {}
        self.early = early_modes(
            (i.mode, self._reduces(i)) for i in machine.instructions if i.factors
        )
        self.constant = constant_of(machine, family)
        self._direct = {Mode.SERIAL}  # Modes whose totals are in registers in cycle v.
        modes = {i.mode for i in machine.instructions if i.factors}
        if Mode.SERIAL in modes:
            self._extremes()
        if modes - {Mode.SERIAL}:
            products = self._products()
            if Mode.TREE in modes:
                self._tree(products)
            if modes & {Mode.PARALLEL, Mode.DRAIN}:
                self._accumulators(products, modes)

    def total(self, mode: Mode, lane: int, early: bool = False) -> Value:
        """A total in cycle v, or one cycle earlier."""
        sums, width = self._formed[mode]
        if early or mode in self._direct:
            return sums[lane]
        if (mode, lane) not in self._totals:
            name = f"{mode.value}_total" + (f"_{lane}" if len(sums) > 1 else "")
            total = Signal(signed(width), name=name, reset_less=True)
            self._m.d.sync += total.eq(sums[lane])
            self._totals[mode, lane] = total
        return self._totals[mode, lane]

    def _products(self) -> list[Value]:
        """One for each lane, `read` and `multiply` cycles after its address."""
        m, machine = self._m, self._machine
        sides = choose_sides(machine.instructions)
        operands = [self._operand([side and side[k] for side in sides], k) for k in (0, 1)]
        products = []
        multiplies = any(len(i.factors) == 2 for i in machine.instructions)
        family = self._family if multiplies else None  # A block would stay there to multiply by 1.
        parallel = [i.mode is Mode.PARALLEL for i in machine.instructions]
        rounds = self._station.of(parallel, machine.timing.read) if self.constant else Const(0, 1)
        for lane in range(machine.lanes):
            a, b = (operand[lane] for operand in operands)
            multiplier = Multiplier(len(a), len(b), family, machine.timing.multiply, self.constant)
            m.submodules[f"multiplier_{lane}"] = multiplier
            m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
            if self.constant:
                m.d.comb += multiplier.rounds.eq(rounds)
            products.append(multiplier.product)
        return products

    def _operand(self, sources: Sequence[Source | None], side: int) -> list[Value]:
        """One side of the multipliers, in each lane."""
        m, machine, station, read = self._m, self._machine, self._station, self._machine.timing.read
        format = self._format(sources)
        shared = Signal(signed(format.width), name=f"{'ab'[side]}_of_all_lanes")
        numbers: dict[Source, Value] = {ONE: Const(1, signed(2))}
        for memory, vector in {s for s in sources if s} - {ONE}:
            if not vector:
                storage, generator = self._storages[memory], self._generators[memory]
                numbers[memory, vector] = storage.number(station, generator)
        alike = [None if s is None or s[1] else numbers[s] for s in sources]
        label = f"{'ab'[side]}_of_all_lanes_source"
        m.d.comb += shared.eq(choose(station, label, alike, format, read))
        operands = []
        for lane in range(machine.lanes):
            values = [
                s and (self._storages[s[0]].numbers[lane] if s[1] else shared) for s in sources
            ]
            operand = Signal(signed(format.width), name=f"{'ab'[side]}_{lane}")
            m.d.comb += operand.eq(choose(station, f"{'ab'[side]}_source", values, format, read))
            operands.append(operand)
        return operands

    def _format(self, sources: Sequence[Source | None]) -> Format:
        """The signed format of all numbers that come from these sources."""
        phases, widest = self._machine.phases, Format(2, True)
        for instruction, source in zip(self._machine.instructions, sources, strict=True):
            phase = phases.phases[instruction.phase]
            for access, place in zip(instruction.factors, phase.factors, strict=True):
                if source == (access.memory, access.vector):
                    format = phases.arrays[place.array].format
                    width = format.width + (not format.signed)
                    widest = Format(max(widest.width, width), True)
        return widest

    def _width(self, modes: set[Mode]) -> int:
        """How many bits the totals of these modes need, with a sign."""
        phases, widths = self._machine.phases, []
        for i in self._machine.instructions:
            phase = phases.phases[i.phase]
            if i.mode not in modes or phase.total is None:
                continue
            width = phase.total.width + (not phase.total.signed)
            if i.mode is not Mode.SERIAL:
                formats = [phases.arrays[place.array].format for place in phase.factors]
                greatest = prod(max(-format.min, format.max) for format in formats)
                greatest = greatest * prod(phase.reduced) + self.constant
                width = min(width, Format.holding(-greatest, greatest).width)
            widths.append(width)
        return max(widths)

    def _first(self, name: str, cycles: int) -> Signal:
        """Whether a product is the first of its sum; the others follow without a pause."""
        later = self._station.later
        valid, last = later(self._station.valid, cycles), later(self._station.field("last"), cycles)
        first = Signal(init=1, name=f"{name}_first")
        with self._m.If(valid):
            self._m.d.sync += first.eq(last)
        return first

    def _sum(self, name: str, number: Value, width: int, first: Signal) -> Value:
        """What a number adds up to with those before it, in the next cycle."""
        return accumulator(self._m, name, number, width, first, self._family)

    def _tree(self, products: list[Value]) -> None:
        """Add the products of all lanes, a level of registers each, then add up over time."""
        m, machine = self._m, self._machine
        width, level, levels = self._width({Mode.TREE}), products, 0
        while len(level) > 1:
            levels += 1
            bits = min(len(products[0]) + levels, width)
            sums = []
            for i in range(0, len(level), 2):
                added = Signal(signed(bits), name=f"tree_{levels}_{i // 2}", reset_less=True)
                pair = sum(level[i + 1 : i + 2], level[i])
                m.d.sync += added.eq(
                    modulo(m, f"tree_{levels}_{i // 2}_sum", pair, bits).as_signed()
                )
                sums.append(added)
            level = sums
        first = self._first("tree", 1 + machine.timing.read + machine.timing.multiply + levels)
        total = level[0]
        if any(self._reduces(i) for i in machine.instructions if i.mode is Mode.TREE):
            total = self._sum("tree", total, width, first)
            self._direct.add(Mode.TREE)
        self._formed[Mode.TREE] = [total], width

    def _reduces(self, instruction: Instruction) -> bool:
        return len(instruction.loops) > instruction.kept

    def _accumulators(self, products: list[Value], modes: set[Mode]) -> None:
        """Add up in each lane."""
        machine, timing = self._machine, self._machine.timing
        own = modes & {Mode.PARALLEL, Mode.DRAIN}
        reducing = {i.mode for i in machine.instructions if i.mode in own and self._reduces(i)}
        sums = products
        if reducing:
            width = self._width(own)
            first = self._first("lanes", 1 + timing.read + timing.multiply)
            sums = [
                self._sum(f"lane_{lane}", product, width, first)
                for lane, product in enumerate(products)
            ]
        if Mode.PARALLEL in own:
            width = self._width({Mode.PARALLEL})
            if Mode.PARALLEL in reducing:
                self._formed[Mode.PARALLEL] = sums, width
                self._direct.add(Mode.PARALLEL)
            else:
                self._formed[Mode.PARALLEL] = products, width
        if Mode.DRAIN in own:
            self._drain(sums if Mode.DRAIN in reducing else products, Mode.DRAIN in reducing)

    def _drain(self, sums: list[Value], added: bool) -> None:
        """A chain of registers takes the totals of all lanes, and gives one after another.

        `added`: whether they have been added up, which takes one cycle more.
        """
        m, machine, station = self._m, self._machine, self._station
        cycles = machine.timing.read + machine.timing.multiply + added
        drains = station.of([i.mode is Mode.DRAIN for i in machine.instructions], cycles)
        width = self._width({Mode.DRAIN})
        fill = Signal(name="drain_fill")
        m.d.comb += fill.eq(drains & station.later(station.field("last"), 1 + cycles))
        behind: Value = Const(0, signed(width))
        if all(i.tile is None for i in machine.instructions if i.mode is Mode.DRAIN):
            sums = sums[:1]
        for lane in reversed(range(len(sums))):
            number = Signal(signed(width), name=f"drain_{lane}", reset_less=True)
            m.d.sync += number.eq(Mux(fill, window(sums[lane], 0, Format(width, True)), behind))
            behind = number
        self._formed[Mode.DRAIN] = [behind], width
        if added:
            self._direct.add(Mode.DRAIN)

    def _extremes(self) -> None:
        """The greatest or least number so far, of those that a serial instruction reads."""
        m, machine, station = self._m, self._machine, self._station
        read = machine.timing.read
        program = machine.instructions
        serial = [i.mode is Mode.SERIAL and bool(i.factors) for i in program]
        width = self._width({Mode.SERIAL})
        values = []
        for i, chosen in zip(program, serial, strict=True):
            memory = i.factors[0].memory if chosen else 0
            storage = self._storages[memory]
            values.append(storage.number(station, self._generators[memory]) if chosen else None)
        number = Signal(signed(width), name="compared")
        m.d.comb += number.eq(choose(station, "compared_source", values, Format(width, True), read))
        least = Signal(name="least_wanted")
        wanted = [
            chosen and machine.phases.phases[i.phase].reduction == "min"
            for i, chosen in zip(program, serial, strict=True)
        ]
        m.d.comb += least.eq(station.of(wanted, read))
        here, last = station.of(serial, read), station.later(station.field("last"), 1 + read)
        first = Signal(name="compared_first", init=1)
        extreme = Signal(signed(width), name="extreme", reset_less=True)
        with m.If(here):
            m.d.sync += first.eq(last)
            with m.If(first | ((number < extreme) == least)):
                m.d.sync += extreme.eq(number)
        self._formed[Mode.SERIAL] = [extreme], width


def choose_sides(program: Sequence[Instruction]) -> list[tuple[Source, Source] | None]:
    """Which factor goes to which side of the multipliers: so that each has few sources."""
    pairs: list[tuple[Source, Source] | None] = []
    for instruction in program:
        sources = [(access.memory, access.vector) for access in instruction.factors]
        if instruction.mode is Mode.SERIAL or not sources:
            pairs.append(None)
        else:
            pairs.append((sources[0], sources[1] if len(sources) > 1 else ONE))
    kinds = sorted({_ordered(pair) for pair in pairs if pair})
    best: dict[tuple[Source, Source], bool] = {}
    fewest = None
    tries = combinations((False, True), repeat=len(kinds)) if len(kinds) <= 10 else [()]
    for swaps in tries:
        chosen = dict(zip(kinds, swaps, strict=False))
        sides: tuple[set[Source], set[Source]] = (set(), set())
        for pair in kinds:
            swap = chosen.get(pair, False)
            sides[swap].add(pair[0])
            sides[not swap].add(pair[1])
        count = sum(len({s if s[1] else ONE for s in side}) for side in sides)
        if fewest is None or count < fewest:
            fewest, best = count, chosen
    result: list[tuple[Source, Source] | None] = []
    for sources_of in pairs:
        kind = _ordered(sources_of) if sources_of else None
        result.append((kind[1], kind[0]) if kind and best.get(kind, False) else kind)
    return result


def _ordered(pair: tuple[Source, Source]) -> tuple[Source, Source]:
    return min(pair), max(pair)

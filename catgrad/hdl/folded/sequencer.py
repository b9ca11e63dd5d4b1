"""The sequencer: a static program of loops, and when its samples begin."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from catgrad.folded.machine import Machine
from catgrad.hdl.folded.stations import Codes, Station, issue_course
from catgrad.hdl.folded.table import Delays, equals, modulo, table


class Sequencer:
    """Counts through the loops of the instructions, two cycles ahead of what it issues.

    In each cycle in which ``issues`` is 1 it decides on an iteration: that of the loop counters.

    - ``station``: the station of the issue. Its fields, besides those of the sample (``training``,
      and the copies of its arrays, ``copy`` and ``target``): ``last``, the reduction is complete;
      ``partial``, the last row of lanes, or an instruction for lane 0 alone
    - ``finishes``: this is the last iteration of a sample
    - ``copy``, ``target``: which copies the next sample has, between samples
    """

    def __init__(
        self, m: Module, machine: Machine, codes: Codes, may_start: Value, training: Value
    ) -> None:
        self._m, self._program, self._codes = m, machine.instructions, codes
        n = len(self._program)
        self._index = Signal(range(n), name="instruction")
        self.issues, self.finishes = Signal(name="issues"), Signal(name="sample_finishes")
        self.running = Signal(name="sample_is_issued")
        self.copy, self.target = Signal(name="next_copy"), Signal(name="next_target")
        self.training = Signal(name="sample_trains")
        self._later = Delays(m)

        ends = self._counters()
        reduces = self._per_depth(lambda i, d: d < len(i.loops) - i.kept)
        tiles = self._per_depth(lambda i, d: i.tile is not None and d == len(i.loops) - 1 - i.tile)
        last, partial, over = Signal(name="last"), Signal(name="partial"), Signal(name="over")
        m.d.comb += [
            last.eq((ends | ~reduces).all()),
            partial.eq((ends | ~tiles).all()),
            over.eq(ends.all()),
        ]
        self._control(machine, may_start, training, last, over)

        code = Signal(codes.bits, name="code")
        m.d.comb += code.eq(codes.end)
        for depth in reversed(range(codes.end)):
            with m.If(~ends[depth]):
                m.d.comb += code.eq(depth)
        step = Signal(codes.bits, name="issue_step")
        m.d.comb += step.eq(Mux(self.finishes, codes.finish, code))
        fields = {"last": last, "partial": partial, "training": self.training, "code": code}
        fields |= {"copy": self.copy, "target": self.target}
        later = self._later
        self.station = Station(
            m,
            "issue",
            [issue_course(number, i) for number, i in enumerate(self._program)],
            codes,
            later(self.issues, 1),
            later(self._index, 1),
            later(step, 1),
            lambda name: later(fields[name], 1),
        )

    def _per_depth(self, test: object) -> Value:
        """A bit for each depth: whether it passes, for the instruction of the moment."""
        assert callable(test)
        return Cat(
            table(self._index, {k: int(test(i, d)) for k, i in enumerate(self._program)}, 1)
            for d in range(self._codes.end)
        )

    def _counters(self) -> Value:
        """Count; whether each depth is at its last iteration, all depths above being whatever."""
        m, counters = self._m, []
        extents = [
            [i.loops[len(i.loops) - 1 - d] if d < len(i.loops) else 1 for i in self._program]
            for d in range(self._codes.end)
        ]
        ends = Signal(len(extents), name="loop_ends")
        advance: Value = self.issues
        for depth, extent in enumerate(extents):
            counter = Signal(range(max(extent)), name=f"loop_{depth}")
            limit = table(self._index, {k: n - 1 for k, n in enumerate(extent)}, len(counter))
            m.d.comb += ends[depth].eq(equals(counter, limit))
            with m.If(advance):
                after = modulo(m, f"loop_{depth}_next", counter + 1, len(counter))
                m.d.sync += counter.eq(Mux(ends[depth], 0, after))
            advance = advance & ends[depth]
            counters.append(counter)
        return ends

    def _control(
        self, machine: Machine, may_start: Value, training: Value, last: Value, over: Value
    ) -> None:
        """Issue where no idle cycle is asked for, from the start of a sample to its finish."""
        m, index, n = self._m, self._index, len(self._program)
        held = Signal(name="sample_trains_held")
        idle = Signal(range(1 + self._longest(machine)), name="idle")
        finishes: Value = equals(index, n - 1)
        if machine.forward < n:
            finishes = finishes | (equals(index, machine.forward - 1) & ~self.training)
        m.d.comb += [
            self.issues.eq(~idle.any() & (self.running | may_start)),
            self.training.eq(Mux(self.running, held, training)),
            self.finishes.eq(self.issues & over & finishes),
        ]
        with m.If(self.issues):
            m.d.sync += [self.running.eq(~(over & finishes)), held.eq(self.training)]
            with m.If(over):
                after = modulo(m, "instruction_next", index + 1, len(index))
                m.d.sync += index.eq(Mux(finishes, 0, after))
        with m.If(self.finishes):
            m.d.sync += [self.copy.eq(~self.copy), self.target.eq(self.target ^ self.training)]
        with m.If(idle.any()):
            m.d.sync += idle.eq(modulo(m, "idle_next", idle - 1, len(idle)))
        with m.If(self.issues & last):
            key = Cat(index, over, over & finishes)
            m.d.sync += idle.eq(table(key, self._idle(machine), len(idle)))

    def _idle(self, machine: Machine) -> dict[int, int]:
        """Idle cycles after a result: by instruction, is it the last one, and that of a sample."""
        program, bits = self._program, len(self._index)
        entries = {}
        for k, i in enumerate(program):
            entries[k] = i.gap
            if k + 1 < len(program):
                entries[k | 1 << bits] = i.gap + program[k + 1].wait
            if k in (machine.forward - 1, len(program) - 1):
                restart = machine.restart[k == len(program) - 1 and k >= machine.forward]
                entries[k | 3 << bits] = i.gap + restart + program[0].wait
        return entries

    def _longest(self, machine: Machine) -> int:
        return max(self._idle(machine).values())

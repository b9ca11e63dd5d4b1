"""Tokens: samples on their way through a pipeline, and who may enter it."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike

from catgrad.hdl.folded.table import modulo
from catgrad.hdl.unread import discard

KEEP: dict[str, str | int] = {"keep": 1}
"""Tells synthesis not to merge a copy of a register with the others."""

READERS = 96
"""How many flip-flops one copy of an enable has."""


class Tokens:
    """A bit for each stage that says whether a sample is in it, and one whether it is learned from.

    A sample that `enters` is in stage s so many cycles, and one, later. Nothing stops it there.
    """

    def __init__(self, m: Module, last: int, enters: Value, train: Value) -> None:
        self._m = m
        self.last = last
        self._lines = {
            "valid": self._line("valid", enters),
            "trained": self._line("trained", enters & train),
        }
        self._copies: dict[tuple[str, int], tuple[int, int]] = {}
        self._made: dict[tuple[tuple[str, int], int], Signal] = {}

    def _line(self, name: str, enters: Value) -> list[Value]:
        line: list[Value] = [enters]
        for stage in range(self.last + 1):
            register = Signal(name=f"{name}_{stage}")
            self._m.d.sync += register.eq(line[-1])
            line.append(register)
        discard(self._m, f"{name}_{self.last}", [line[-1]])  # Not every pipeline asks for the last.
        return line

    def valid(self, stage: int) -> Value:
        """Whether a sample is in a stage; -1 is the cycle in which it enters."""
        return self._lines["valid"][stage + 1]

    def trained(self, stage: int) -> Value:
        """Whether a sample that is learned from is in a stage."""
        return self._lines["trained"][stage + 1]

    def enable(
        self, name: str, stage: int, bits: int, more: tuple[str, Value] | None = None
    ) -> Value:
        """The same for `bits` more flip-flops, which get a register that few others have.

        `more` is when else they are enabled, given a cycle before, under a name.
        """
        also, when = more or ("", Const(0, 1))
        key = f"{name}{also}", stage
        number, readers = self._copies.get(key, (-1, READERS))
        if readers + bits > READERS:
            number, readers = number + 1, 0
            # Else the first copy would serve the readers of the line as well, from far away.
            original = self._lines[name][stage + 1]
            assert isinstance(original, Signal)
            original.attrs.update(KEEP)
            copy = Signal(name=f"{name}{also}_{stage}_copy_{number}", attrs=KEEP)
            self._m.d.sync += copy.eq(self._lines[name][stage] | when)
            self._made[key, number] = copy
        self._copies[key] = number, readers + bits
        return self._made[key, number]


class Channels:
    """Which of several channels the sample in each stage belongs to; they take turns.

    While `held` is 1 it is `row` in all stages, from the next cycle on.
    """

    def __init__(
        self, m: Module, channels: int, last: int, enters: Value, held: Value, row: Value
    ) -> None:
        self.following = Signal(range(channels), name="channel")
        self.fresh = Signal(init=1, name="fresh")  # No channel has had a sample since reset.
        with m.If(enters):
            m.d.sync += self.following.eq(
                modulo(m, "channel_next", self.following + 1, len(self.following))
            )
            with m.If(self.following == channels - 1):
                m.d.sync += [self.following.eq(0), self.fresh.eq(0)]
        line: list[Value] = [self.following]
        fresh: list[Value] = [self.fresh]
        self.before: list[Value] = []
        for stage in range(last + 1):
            before = Mux(held, row, line[-1])
            register = Signal(range(channels), name=f"channel_{stage}")
            first = Signal(name=f"fresh_{stage}")
            m.d.sync += [register.eq(before), first.eq(fresh[-1])]
            self.before.append(before)
            line.append(register)
            fresh.append(first)
        discard(m, f"channel_{last}", [line[-1], fresh[-1]])
        self.at = line[1:]
        self.fresh_at = fresh[1:]


class Countdown:
    """Cycles that have to pass after an event: `over` once they have."""

    def __init__(self, m: Module, name: str, cycles: int) -> None:
        self._m = m
        self.left = Signal(range(cycles + 1), name=name)
        if cycles:
            with m.If(self.left != 0):
                less = modulo(m, f"{name}_less", self.left - 1, len(self.left))
                m.d.sync += self.left.eq(less)

    @property
    def over(self) -> Value:
        """Whether no cycle is left."""
        return self.left == 0 if len(self.left) else Const(1, 1)

    def start(self, cycles: ValueLike) -> None:
        """Count so many cycles from the next one on."""
        if len(self.left):
            self._m.d.sync += self.left.eq(cycles)


def level(m: Module, name: str, depth: int, init: int, more: Value, fewer: Value) -> Signal:
    """How many there are, from 0 to `depth`."""
    count = Signal(range(depth + 1), name=name, init=init)
    # One adder, of 1, of 0 or of -1, where a choice between two adders would take twice as long.
    step, down = Signal(name=f"{name}_steps"), Signal(name=f"{name}_falls")
    m.d.comb += [step.eq(more ^ fewer), down.eq(fewer & ~more)]
    total = count + Cat(step, down.replicate(len(count) - 1))
    m.d.sync += count.eq(modulo(m, f"{name}_next", total, len(count)))
    return count

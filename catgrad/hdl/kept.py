"""Where a pipeline keeps what its loops carry from one sample to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from amaranth.hdl import Cat, Const, Instance, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory

from catgrad.circuit.format import Format
from catgrad.hdl.access import Access
from catgrad.hdl.cells import fits, window
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family
from catgrad.hdl.pipelined import Held
from catgrad.hdl.ring import BLOCK_RAM_ONLY
from catgrad.hdl.tokens import KEEP, Channels, Tokens

LIMITED = 0x0606
"""A look-up table of a, b, c: whether a sum with sign a and next bit b is over, and c is 0."""

CHOICE = 0xF4F4
"""The same: c, or whether the sum is over and positive."""


def choice_table(sign: bool) -> int:
    """A look-up table of a bit, another one, and the two signals that choose, lowest input first.

    It is the other choice, 0 or 1, where the second signal is 1; for the sign bit the opposite of
    it. Else it is the other bit or the bit.
    """
    return sum(
        (int(one ^ sign) if limited else (other if one else bit)) << place
        for place, (limited, one, other, bit) in enumerate(product((0, 1), repeat=4))
    )


@dataclass
class Write:
    """A new number that a loop takes in at the end of stage `push`; what it `saturates`, if so."""

    value: Value
    push: int
    saturates: Value | None = None


class Registers:
    """Numbers in registers; to be loaded and read they move in a circle, one place with each step.

        ┌──> [ 0 ] <── [ 1 ] <── [ 2 ] <── ... <── [ n-1 ] <──┐
        │                                                     │
        └─ at hand ───────────────── or what is loaded ───────┘

    So every number has one neighbour to come from, however many there are, where a choice among all
    would need look-up tables for each. Numbers that are held and shown alike have a circle of their
    own, and only that moves in which the number at hand is.

    `formats` are those of the registers, `shown` those in which the numbers are read from outside,
    by default the same.
    """

    def __init__(
        self,
        m: Module,
        name: str,
        formats: Sequence[Format],
        initial: Sequence[int],
        family: Family | None,
        shown: Sequence[Format] | None = None,
    ) -> None:
        self._m, self._family = m, family
        self.formats, self.shown = formats, formats if shown is None else shown
        self.registers = [
            Signal(shape_of(format), name=f"{name}_{i}", init=value)
            for i, (format, value) in enumerate(zip(formats, initial, strict=True))
        ]
        kinds = list(zip(self.formats, self.shown, strict=True))
        self.circles = [
            [i for i, other in enumerate(kinds) if other == kind] for kind in dict.fromkeys(kinds)
        ]

    def held(self, number: int) -> Held:
        """The number, to a sample in some stage."""
        return lambda _stage: self.registers[number]

    def connect(
        self, tokens: Tokens, writes: Sequence[Write | None], access: Access | None
    ) -> Value:
        """Let them take in what loops bring and what is loaded; returns the number at hand.

        Without access every sample has a part in what is written, else those learned from.
        """
        m, format = self._m, widest(self.shown)
        if access is None:
            for register, write in zip(self.registers, writes, strict=True):
                if write is not None:
                    with m.If(tokens.enable("valid", write.push, len(register))):
                        m.d.sync += register.eq(write.value)
            return Const(0, 1)
        at_hand: Value = Const(0, shape_of(format))
        for turn, circle in enumerate(self.circles):
            mine = _one_of(access.place, circle, len(self.formats))
            head = window(self.at_hand(circle[0]), 0, format)
            at_hand = head if len(self.circles) == 1 else Mux(mine, head, at_hand)
            for number in circle:
                register, write = self.registers[number], writes[number]
                if write is None:
                    enable, following = access.step & mine, self.neighbour(number, access)
                else:
                    moves = f"_or_circle_{turn}", access.next_step & mine
                    enable = tokens.enable("trained", write.push, len(register), moves)
                    following = self.following(number, write, access)
                with m.If(enable):
                    m.d.sync += register.eq(following)
        return at_hand

    def at_hand(self, number: int) -> Value:
        """The number, to be read from outside."""
        return self.registers[number]

    def loaded(self, number: int, value: Value) -> Value:
        """What is held of a value that is loaded."""
        return window(value, 0, self.formats[number])

    def neighbour(self, number: int, access: Access) -> Value:
        """What comes to the place of a number with a step."""
        circle = next(circle for circle in self.circles if number in circle)
        after = self.registers[circle[(circle.index(number) + 1) % len(circle)]]
        if number != circle[-1]:
            return after
        name = f"{self.registers[number].name}_loaded"
        choice = Signal(shape_of(self.formats[number]), name=name)
        self._m.d.comb += choice.eq(Mux(access.loads, self.loaded(number, access.value), after))
        return choice

    def following(self, number: int, write: Write, access: Access) -> Value:
        """What a loop brings, or the neighbour while numbers move.

        Where the loop saturates, both choices fit a look-up table of four inputs for each bit, once
        two signals say which of four it is: the bit, the other one, 0 or 1.
        """
        serving, other = access.serving, self.neighbour(number, access)
        format = self.formats[number]
        wide = write.saturates
        if wide is None or not (format.signed and wide.shape().signed) or len(wide) <= format.width:
            return Mux(serving, other, write.value)
        name = self.registers[number].name
        limited, one = (Signal(name=f"{name}_{what}", attrs=KEEP) for what in ("limited", "one"))
        negative, next_bit = wide[-1], wide[-2]
        if self._family == "ecp5" and len(wide) == format.width + 1:
            # One table deep each, where synthesis would share what both have in common.
            for result, table in ((limited, LIMITED), (one, CHOICE)):
                self._m.submodules[f"{result.name}_table"] = Instance(
                    "LUT4",
                    p_INIT=Const(table, 16),
                    i_A=negative,
                    i_B=next_bit,
                    i_C=serving,
                    i_D=Const(0, 1),
                    o_Z=result,
                )
        else:
            over = ~fits(wide, format)
            self._m.d.comb += [
                limited.eq(over & ~serving),
                one.eq(serving | (over & ~negative)),
            ]
        bits, top = window(wide, 0, format), format.width - 1
        chosen = [
            self._choice(f"{name}_choice_{i}", bits[i], other[i], one, limited, i == top)
            for i in range(format.width)
        ]
        return Cat(*chosen).as_signed()

    def _choice(
        self, name: str, bit: Value, other: Value, one: Value, limited: Value, sign: bool
    ) -> Value:
        """One bit of what follows. The sign of a limit is not what its other bits are.

        Synthesis looks through the signals that choose, and takes a table of five inputs, which is
        two of ECP5's; so there the table is an instance.
        """
        if self._family != "ecp5":
            return Mux(limited, ~one if sign else one, Mux(one, other, bit))
        result = Signal(name=name)
        self._m.submodules[name] = Instance(
            "LUT4",
            p_INIT=Const(choice_table(sign), 16),
            i_A=bit,
            i_B=other,
            i_C=one,
            i_D=limited,
            o_Z=result,
        )
        return result


class Rows:
    """Numbers of several channels: a small memory for each, with a row for each channel.

    `starts`: whether a reset brings back the initial numbers, which else stay as they are.
    """

    def __init__(
        self,
        m: Module,
        name: str,
        formats: Sequence[Format],
        initial: Sequence[int],
        channels: Channels,
        count: int,
        family: Family | None,
        starts: bool,
    ) -> None:
        self._m, self._channels, self._family = m, channels, family
        self.formats, self.initial, self.starts = formats, initial, starts
        self._memories = []
        self._name = name
        for i, (format, value) in enumerate(zip(formats, initial, strict=True)):
            memory = Memory(
                shape=format.width,
                depth=count,
                init=[value % (1 << format.width)] * count,
                attrs={} if family in BLOCK_RAM_ONLY else {"ram_style": "distributed"},
            )
            m.submodules[f"{name}_{i}_rows"] = memory
            self._memories.append((memory, memory.write_port()))
        self._read: dict[tuple[int, int], Value] = {}

    def held(self, number: int) -> Held:
        """The number of its channel, to a sample in some stage."""
        return lambda stage: self._at(number, stage)

    def _at(self, number: int, stage: int) -> Value:
        if (number, stage) in self._read:
            return self._read[number, stage]
        memory, write = self._memories[number]
        format = self.formats[number]
        value = Signal(shape_of(format), name=f"{self._name}_{number}_in_{stage}")
        if self._family in BLOCK_RAM_ONLY:
            port = memory.read_port(transparent_for=(write,))
            self._m.d.comb += port.addr.eq(self._channels.before[stage])
        else:
            port = memory.read_port(domain="comb")
            self._m.d.comb += port.addr.eq(self._channels.at[stage])
        entry: Value = port.data
        if self.starts:
            # Without a sign, as the memory is: of two kinds Amaranth would make a bit more.
            start = Const(self.initial[number] % (1 << format.width), format.width)
            entry = Mux(self._channels.fresh_at[stage], start, entry)
        self._m.d.comb += value.eq(entry)
        self._read[number, stage] = value
        return value

    def connect(
        self, tokens: Tokens, writes: Sequence[Write | None], access: Access | None
    ) -> Value:
        """Let them take in what loops bring and what is loaded; returns the number at hand."""
        m = self._m
        numbers: list[Value] = []
        for number, (write, (_, port)) in enumerate(zip(writes, self._memories, strict=True)):
            format = self.formats[number]
            enable: Value = Const(0, 1)
            if write is not None:
                line = tokens.valid if access is None else tokens.trained
                enable = line(write.push)
                m.d.comb += [
                    port.addr.eq(self._channels.at[write.push]),
                    port.data.eq(window(write.value, 0, format)),
                ]
            if access is not None:
                with m.If(access.serving):
                    m.d.comb += [
                        port.addr.eq(access.row),
                        port.data.eq(window(access.value, 0, format)),
                    ]
                enable |= access.loads & (access.place == number)
                numbers.append(window(self._at(number, 0), 0, widest(self.formats)))
            m.d.comb += port.en.eq(enable)
        return _chosen(numbers, access.place) if access is not None else Const(0, 1)


def widest(formats: Sequence[Format]) -> Format:
    """A format with a sign that holds the integers of all."""
    return Format(max(format.width + (not format.signed) for format in formats), True)


def _one_of(place: Value, numbers: Sequence[int], count: int) -> Value:
    """Whether the place is among these."""
    if len(numbers) == count:
        return Const(1, 1)
    return Cat(place == number for number in numbers).any()


def _chosen(numbers: Sequence[Value], place: Value) -> Value:
    """One of several numbers of one format, by multiplexers in pairs."""
    level = list(numbers)
    for bit in place:
        if len(level) == 1:
            break
        level += [Const(0, signed(len(level[0])))] * (len(level) % 2)
        level = [Mux(bit, b, a) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]

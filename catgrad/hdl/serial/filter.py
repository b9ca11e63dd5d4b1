"""Serial machines: filters that form their products one after another, on one multiplier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from catgrad.circuit.netlist import Netlist
from catgrad.hdl.folded.table import equals, modulo, pick
from catgrad.hdl.interface import check_initial, check_ports
from catgrad.hdl.kept import widest
from catgrad.hdl.layout import elements, layout_of
from catgrad.hdl.multiply_accumulate import MacFamily, MultiplyAccumulate, in_block
from catgrad.hdl.serial.control import ATTRIBUTES, control, word_bits
from catgrad.hdl.serial.rounding import rounded, word
from catgrad.hdl.transducer import COUNTER_BITS
from catgrad.hdl.unread import discard
from catgrad.serial import serial_program


class SerialFilter(wiring.Component):
    """A filter on one multiplier, which follows a static program::

                     ┌───────────┬── program <── step
                     │ slot      │ coefficient
                     ▼           ▼
         x ──┬──> [ ring ] ──> multiply ──> accumulate ──> round ──┬──> prediction
             │       ▲                                             │
             └───────┴─────────────────────────────────────────────┘

    The ring has the numbers of the last samples, what came in and what sums became; see
    `catgrad.serial.program.Program`. All stalls are alike: in a step that waits, for a sample or
    for the prediction before to be taken, everything stands still but the streams. A sample may
    come in while the one before is computed.

    Members
    -------
    - `x`: In, stream of n elements (`layout_of`)
    - `prediction`: Out, stream of m elements
    - `load`: In, stream of `address` and `value`: sets one parameter, to the low bits of the value;
      beyond the last parameter it does nothing. Served while no sample is inside, and before the
      next one
    - `fetch`: In, stream of addresses, served in any cycle but that of a load; `fetched`: Out,
      stream of the parameters there, 0 beyond the last. `load`, `fetch` and `fetched` are absent if
      the netlist has no parameters
    - `forward_saturations`, `learning_saturations`, `samples`: Out(32), modulo 2**32
    - `busy`: Out(1), from the cycle after a transfer on `x` to that before the prediction is valid.
      While it is 0, the counters are those after the last sample

    Latency: `latency` cycles from the transfer of a sample that is waited for to the first in which
    its prediction is valid. Interval: `interval` cycles between samples, where nothing stalls: as
    many as there are products, if none of them has to wait for its number.

    Rounding and overflow are those of the netlist, which this component follows bit for bit; totals
    are wide enough to lose nothing. A reset empties it and brings its counters to 0; then it clears
    its memory, a word a cycle. Parameters stay as they are.

    Parameters
    ----------
    netlist: as for `catgrad.hdl.transducer.Transducer`, without `y`; its numbers are sums of
      products (`catgrad.serial.analyse`), and its state is 0 at first
    initial: the integers of the parameters after configuration; zeros if None
    family: "ice40" for its multiplier block by name; None for any FPGA, and for simulation
    """

    def __init__(
        self,
        netlist: Netlist,
        initial: Sequence[int] | None = None,
        family: MacFamily | None = None,
    ) -> None:
        check_ports(netlist)
        self.netlist, self.family = netlist, family
        self.program = serial_program(netlist)
        sums = self.program.timetable.sums
        self.parameter_formats = sums.parameters
        self.initial = check_initial(initial, sums.parameters)
        self.state = (0,) * sum(len(port) for port in netlist.inputs if port.name == "state")
        self.learns = self.has_target = False
        self.interval, self.latency = self.program.interval, self.program.latency
        self.width = widest(sums.formats).width
        """Of the words of the ring."""
        gain, numbers = self.program.gain, self.program.coefficients
        widths = [max(c, ~c).bit_length() + 1 for c in numbers]
        widths += [widest(sums.parameters).width + gain] if sums.parameters else []
        self.factor_width = max(widths)
        """Of the other factors."""
        self.total_bits = sums.total.width
        """Of the accumulator."""
        members = {
            "x": In(stream.Signature(layout_of(sums.inputs))),
            "prediction": Out(stream.Signature(layout_of(sums.outputs))),
            "forward_saturations": Out(COUNTER_BITS),
            "learning_saturations": Out(COUNTER_BITS),
            "samples": Out(COUNTER_BITS),
            "busy": Out(1),
        }
        if sums.parameters:
            address = unsigned(max(1, (len(sums.parameters) - 1).bit_length()))
            value = signed(widest(sums.parameters).width)
            entry = data.StructLayout({"address": address, "value": value})
            members["load"] = In(stream.Signature(entry))
            members["fetch"] = In(stream.Signature(address))
            members["fetched"] = Out(stream.Signature(value))
        super().__init__(members)
        self._MustUse__used = True  # Amaranth would warn of one that is made to be looked at only.

    @property
    def in_block(self) -> bool:
        """Whether the multiplier and its accumulator are one multiplier block."""
        return in_block(self.width, self.factor_width, self.total_bits, self.family)

    @property
    def memory_bits(self) -> int:
        """Of the ring, the program and the parameters."""
        sums, program = self.program.timetable.sums, self.program
        factors = len(sums.parameters) and len(sums.parameters) + len(program.coefficients)
        return (
            program.words * self.width
            + (program.interval + 1) * word_bits(program)
            + factors * self.factor_width
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        program = self.program
        advance, clearing, taking = Signal(), Signal(init=1), Signal()
        at_hand = control(m, program, advance, clearing)
        self._wait(m, at_hand, advance, clearing, taking)
        mac = MultiplyAccumulate(self.width, self.factor_width, self.total_bits, self.family)
        m.submodules.mac = mac
        numbers = [word(number, self.width) for number in elements(self.x.payload)]
        x = pick(at_hand["input"], numbers)
        number, saturates = rounded(m, program.posts, at_hand, mac.total, x)
        factor = self._ring(m, at_hand, number, advance, clearing, taking)
        constants = [Const(c, mac.constant.shape()) for c in program.constants]
        m.d.comb += [
            mac.a.eq(factor),
            mac.b.eq(self._factor(m, at_hand, advance, clearing)),
            mac.first.eq(at_hand["first"]),
            mac.minus.eq(at_hand["minus"]),
            mac.constant.eq(pick(at_hand["constant"], constants)),
            mac.enable.eq(advance),
        ]
        for i, place in enumerate(elements(self.prediction.payload)):
            with m.If(at_hand[f"shows_{i}"] & advance):
                m.d.sync += place.eq(number)
        self._count(m, "forward_saturations", at_hand["lands"] & advance & saturates)
        # Without parameters, or where nothing saturates, these say nothing.
        discard(m, "control", [at_hand[name] for name in ("opens", "loads", "lands")])
        self._count(m, "samples", at_hand["finishes"] & advance)
        return m

    def _wait(
        self,
        m: Module,
        at_hand: Mapping[str, Value],
        advance: Signal,
        clearing: Value,
        taking: Signal,
    ) -> None:
        """When the program goes on, and when a number of a sample is taken in.

        Whether a prediction was taken is known a cycle later: no path leads from `ready` inside.
        """
        loads = self.load.valid if self.parameter_formats else Const(0)
        held, inside, may_take = Signal(name="x_is_held"), Signal(name="inside"), Signal()
        finishing = Signal()
        offered = self.prediction.valid & ~self.prediction.ready
        waits = (at_hand["waits"] & ~held) | (at_hand["holds"] & self.prediction.valid)
        m.d.comb += [
            advance.eq(~(clearing | waits)),
            may_take.eq(at_hand["takes"] & ~(held | clearing | (at_hand["opens"] & loads))),
            taking.eq(may_take & self.x.valid),
            self.x.ready.eq(may_take & at_hand["leaves"]),
            finishing.eq(at_hand["finishes"] & advance),
            self.busy.eq(held | inside),
        ]
        m.d.sync += [
            held.eq(taking | (held & ~(at_hand["waits"] & advance))),
            inside.eq((at_hand["enters"] & advance) | (inside & ~finishing)),
            self.prediction.valid.eq(finishing | offered),
        ]
        if self.parameter_formats:
            m.d.comb += self.load.ready.eq(at_hand["loads"] & ~(held | clearing))

    def _ring(
        self,
        m: Module,
        at_hand: Mapping[str, Value],
        number: Value,
        advance: Value,
        clearing: Signal,
        taking: Value,
    ) -> Value:
        """The memory of numbers, cleared before anything else; the number that was read."""
        memory = Memory(
            shape=signed(self.width), depth=self.program.words, init=[], attrs=ATTRIBUTES
        )
        m.submodules.ring = memory
        read, write = memory.read_port(), memory.write_port()
        base = Signal(range(self.program.words))
        m.d.comb += [
            read.addr.eq(modulo(m, "read_word", base + at_hand["read"], len(base))),
            read.en.eq(advance | clearing),
            write.addr.eq(modulo(m, "write_word", base + at_hand["write"], len(base))),
            write.data.eq(number),
            write.en.eq(clearing | taking | (at_hand["stores"] & advance)),
        ]
        with m.If(clearing | (at_hand["wraps"] & advance)):
            m.d.sync += base.eq(modulo(m, "base_next", base - 1, len(base)))
        # In the first cycle the word of control is not that of the first step yet.
        started = Signal(name="clearing_started")
        m.d.sync += started.eq(clearing)
        with m.If(started & equals(base, 0)):
            m.d.sync += clearing.eq(0)
        return read.data

    def _factor(
        self, m: Module, at_hand: Mapping[str, Value], advance: Value, clearing: Value
    ) -> Value:
        """The coefficient of the product: of the program, or of a memory with the parameters."""
        if not self.parameter_formats:
            return at_hand["coefficient"]
        gain = self.program.gain
        init = [*(number << gain for number in self.initial), *self.program.coefficients]
        memory = Memory(
            shape=signed(self.factor_width), depth=len(init), init=init, attrs=ATTRIBUTES
        )
        m.submodules.factors = memory
        read, write, fetch = memory.read_port(), memory.write_port(), memory.read_port()
        address, value = self.load.payload.address, self.load.payload.value
        known, loads = len(self.parameter_formats), self.load.valid & self.load.ready
        exists = Signal(name="fetched_exists")
        m.d.comb += [
            read.addr.eq(at_hand["factor"]),
            read.en.eq(advance | clearing),
            write.addr.eq(address),
            write.data.eq(value.shift_left(gain)),
            write.en.eq(loads & (address < known)),
            # Not in the cycle of a load, as no word is read while it is written.
            self.fetch.ready.eq((~self.fetched.valid | self.fetched.ready) & ~loads),
            fetch.addr.eq(self.fetch.payload),
            fetch.en.eq(self.fetch.ready),
            self.fetched.payload.eq(Mux(exists, fetch.data.shift_right(gain), 0)),
        ]
        with m.If(self.fetch.ready):
            m.d.sync += self.fetched.valid.eq(self.fetch.valid)
            m.d.sync += exists.eq(self.fetch.payload < known)
        with m.Elif(self.fetched.ready):
            m.d.sync += self.fetched.valid.eq(0)
        return read.data

    def _count(self, m: Module, name: str, event: Value) -> None:
        """Add an event to a counter."""
        counter = getattr(self, name)
        with m.If(event):
            m.d.sync += counter.eq(modulo(m, f"{name}_next", counter + 1, COUNTER_BITS))

"""Registers in front of a learner: switches, counters, and every parameter at an address."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from catgrad.hdl.bus.map import IDENTITY, REVISION, WORD_BITS, WORD_BYTES, RegisterMap
from catgrad.hdl.bus.request import ANSWER, request
from catgrad.hdl.folded.table import equals, modulo
from catgrad.hdl.unread import discard

COUNTERS = ("samples", "forward_saturations", "learning_saturations")


class Registers(wiring.Component):
    """Answers what a bus asks, one request after another::

        request ──┬─> registers ──────────────────────────┬──> answer
                  └─> load ═> learner                     │
                      fetch ═> learner ═> fetched ────────┘

    Members
    -------
    - `request`: In, see `catgrad.hdl.bus.request`; `answer`: Out
    - `train`: Out(1), the switch in CONTROL. Absent if the learner does not learn
    - `busy`: In(1); `samples`, `forward_saturations`, `learning_saturations`: In(32)
    - `x_misframed`, `y_misframed`: In(32), those that the map has
    - `load`, `fetch`: Out, `fetched`: In, as a learner has them. Absent if it has no parameters

    A register is answered in the next cycle. A parameter that is written is kept and answered in
    the next cycle too, and handed on when the learner takes it; one that is read is answered when
    the learner says it. A learner may not do that for as long as its prediction is not taken, and a
    bus that hangs stops a computer: after `patience` cycles the answer is an error. Then a write
    has not been done, and a read may be repeated. A read sees what was written before.

    What is an error as well: an address where nothing is, a write to what cannot be written, and a
    write of some bytes of a parameter. Nothing is done then.

    Of a parameter of two words, the second one that is written writes it, and the first one that is
    read fetches both, so that neither is ever torn.
    """

    def __init__(self, map: RegisterMap, parameters: int, digest: int, patience: int) -> None:
        self.map, self.parameters, self.digest, self.patience = map, parameters, digest, patience
        members = {
            "request": In(request(map.bits)),
            "answer": Out(ANSWER),
            "busy": In(1),
            **{name: In(WORD_BITS) for name in COUNTERS},
            **{f"{name}_misframed": In(WORD_BITS) for name in map.framed},
        }
        if map.learns:
            members["train"] = Out(1)
        if map.address_bits is not None:
            address, value = unsigned(map.address_bits), signed(map.value_bits)
            entry = data.StructLayout({"address": address, "value": value})
            members["load"] = Out(stream.Signature(entry))
            members["fetch"] = Out(stream.Signature(address))
            members["fetched"] = In(stream.Signature(value))
        super().__init__(members)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        asked = self.request.payload
        word, refused = Signal(WORD_BITS), Signal()
        waits = Signal()  # for the learner
        begins, answers = Signal(), Signal()
        m.d.comb += [
            begins.eq(self.request.valid & ~self.answer.valid),
            answers.eq(begins & ~waits),
            self.request.ready.eq(answers),
        ]
        if self.map.address_bits is None:
            self._registers(m, begins, word, refused)
        else:
            with m.If(asked.address[-1]):
                self._parameters(m, begins, word, refused, waits)
            with m.Else():
                self._registers(m, begins, word, refused)
        with m.If(answers):
            m.d.sync += [
                self.answer.valid.eq(1),
                self.answer.payload.data.eq(word),
                self.answer.payload.error.eq(refused),
            ]
        with m.Elif(self.answer.ready):
            m.d.sync += self.answer.valid.eq(0)
        unread = [asked.address[:2]]
        if self.map.address_bits is None:
            own = int(self.map.learns)
            unread += [asked.data[own:], asked.strobe[own:]]
        discard(m, "request", unread)
        return m

    def _registers(self, m: Module, begins: Value, word: Signal, refused: Signal) -> None:
        """Words at fixed addresses."""
        asked, map = self.request.payload, self.map
        misframed = {f"{name}_misframed": WORD_BITS for name in map.framed}
        values: dict[str, Value] = {
            "IDENTITY": Const(IDENTITY, WORD_BITS),
            "REVISION": Const(REVISION, WORD_BITS),
            "DIGEST": Const(self.digest, WORD_BITS),
            "PARAMETERS": Const(self.parameters, WORD_BITS),
            "STATUS": self.busy,
            **{name.upper(): getattr(self, name) for name in (*COUNTERS, *misframed)},
        }
        if map.learns:
            values["CONTROL"] = self.train
        if map.address_bits is not None:
            values["STATUS"] = Cat(self.busy | self.load.valid, self.load.valid)
        top = len(asked.address) - (map.address_bits is not None)
        number = asked.address[2:top]
        found: Value = Const(0, WORD_BITS)
        known: Value = Const(0, 1)
        for register in map.registers:
            here = Signal(name=f"{register.name.lower()}_here")
            m.d.comb += here.eq(equals(number, register.address // WORD_BYTES))
            found = Mux(here, values[register.name], found)
            known |= here & ~asked.write if register.access == "r" else here
            if register.access == "rw":
                with m.If(begins & here & asked.write & asked.strobe[0]):
                    m.d.sync += self.train.eq(asked.data[0])
        m.d.comb += [word.eq(found), refused.eq(~known)]

    def _parameters(
        self, m: Module, begins: Value, word: Signal, refused: Signal, waits: Signal
    ) -> None:
        """A write is kept until it can be done; a read waits."""
        asked, map = self.request.payload, self.map
        assert map.address_bits is not None
        low = (map.stride - 1).bit_length()
        top = low + map.address_bits
        place = asked.address[low:top]
        second = asked.address[2]
        waited, over = Signal(range(self.patience + 1)), Signal()
        m.d.comb += over.eq(waited == self.patience)
        m.d.sync += waited.eq(0)
        with m.If(begins & waits):
            m.d.sync += waited.eq(modulo(m, "waited_more", waited + 1, len(waited)))

        fetching, lost = Signal(), Signal()  # Lost: nobody waits for it any more.
        arrives, found = Signal(), Signal(signed(WORD_BITS * map.words))
        m.d.comb += [
            self.fetched.ready.eq(1),
            found.eq(self.fetched.payload),
            arrives.eq(self.fetched.valid & ~lost),
        ]
        with m.If(self.fetched.valid):
            m.d.sync += [fetching.eq(0), lost.eq(0)]
        with m.If(self.fetch.ready):
            m.d.sync += self.fetch.valid.eq(0)
        with m.If(self.load.ready):
            m.d.sync += self.load.valid.eq(0)

        nothing = asked.write & ~asked.strobe.all()
        # A few parameters do not fill their half of the addresses.
        if top < len(asked.address) - 1:
            nothing |= asked.address[top:-1].any()
        written, read = Signal(WORD_BITS), Signal(WORD_BITS)
        with m.If(nothing):
            m.d.comb += refused.eq(1)
        if map.words == 2:  # The first that is written and the second that is read are kept here.
            with m.Elif(asked.write ^ second):
                m.d.comb += word.eq(Mux(asked.write, 0, read))
                with m.If(begins & asked.write):
                    m.d.sync += written.eq(asked.data)
        with m.Elif(asked.write):
            m.d.comb += [waits.eq(self.load.valid & ~over), refused.eq(self.load.valid)]
            with m.If(begins & ~self.load.valid):
                value = Cat(written, asked.data) if map.words == 2 else asked.data
                m.d.sync += [
                    self.load.valid.eq(1),
                    self.load.payload.address.eq(place),
                    self.load.payload.value.eq(value[: map.value_bits]),
                ]
                discard(m, "request_data", [value[map.value_bits :]])
        with m.Else():
            m.d.comb += [
                word.eq(found[:WORD_BITS]),
                waits.eq(~arrives & ~over),
                refused.eq(~arrives),
            ]
            with m.If(begins):
                with m.If(arrives):
                    m.d.sync += read.eq(found[WORD_BITS:])
                with m.Elif(over):
                    m.d.sync += lost.eq(fetching & ~self.fetched.valid)
                with m.Elif(~fetching & ~self.load.valid):
                    m.d.sync += [self.fetch.payload.eq(place), self.fetch.valid.eq(1)]
                    m.d.sync += fetching.eq(1)

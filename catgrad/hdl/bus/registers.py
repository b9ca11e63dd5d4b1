"""Registers in front of a learner: switches, counters, and every parameter at an address."""

from __future__ import annotations

from collections.abc import Sequence

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
    write of some bytes of a parameter. Nothing is done then. A write of no byte does nothing and is
    no error, wherever it goes: bridges from wider buses do that beside the word that is meant.

    Of a word that is written, the bits above those of a field or a parameter are not looked at. Of
    a parameter of two words, the second one that is written writes it, and the first one that is
    read fetches both. A second word is an error without its first: where the latest first word that
    was asked for the same way, to be read or to be written, was refused, was that of another
    parameter, or has been followed by its second. One host at a time never tears a number.

    Parameters
    ----------
    places: the address of each parameter on `load` and `fetch`. Beyond the last one is nothing;
      between them, the learner reads 0 and writes nothing
    digest, patience: see above
    """

    def __init__(self, map: RegisterMap, places: Sequence[int], digest: int, patience: int) -> None:
        self.map, self.places, self.digest, self.patience = map, places, digest, patience
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
        some = ~asked.write | asked.strobe.any()
        upper = Const(0, 1) if self.map.address_bits is None else asked.address[-1]
        with m.If(some & ~upper):
            self._registers(m, begins, word, refused)
        if self.map.address_bits is not None:
            self._parameters(m, some & upper, begins, word, refused, waits)
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
            unread += [asked.data[own:]]
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
            "PARAMETERS": Const(len(self.places), WORD_BITS),
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
        self, m: Module, asks: Value, begins: Value, word: Signal, refused: Signal, waits: Signal
    ) -> None:
        """A write is kept until it can be done; a read waits. What `asks` is for a parameter."""
        asked, map = self.request.payload, self.map
        assert map.address_bits is not None
        low = (map.stride - 1).bit_length()
        place = asked.address[low : low + map.address_bits]
        second = asked.address[2]
        waited, over = Signal(range(self.patience + 1)), Signal()
        m.d.comb += over.eq(waited == self.patience)
        m.d.sync += waited.eq(0)
        with m.If(begins & waits):
            m.d.sync += waited.eq(modulo(m, "waited_more", waited + 1, len(waited)))

        # The learner may take and answer while the bus asks for something else.
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
        number, last = asked.address[low:-1], max(self.places)
        if last + 1 < 1 << len(number):
            nothing |= number > last
        if map.words == 2:  # The first that is written and the second that is read are kept here.
            half = data.StructLayout({"kept": 1, "place": map.address_bits, "word": WORD_BITS})
            written, read = Signal(half), Signal(half)
            kept = Mux(asked.write, written.kept, read.kept)
            of = Mux(asked.write, written.place, read.place)
            nothing |= second & ~(kept & (of == place))
        with m.If(asks & nothing):
            m.d.comb += refused.eq(1)
            if map.words == 2:
                with m.If(begins & asked.write):
                    m.d.sync += written.kept.eq(0)
        if map.words == 2:
            with m.Elif(asks & (asked.write ^ second)):
                m.d.comb += word.eq(Mux(asked.write, 0, read.word))
                with m.If(begins & asked.write):
                    m.d.sync += written.eq(Cat(Const(1, 1), place, asked.data))
                with m.Elif(begins):
                    m.d.sync += read.kept.eq(0)
        with m.Elif(asks & asked.write):
            m.d.comb += [waits.eq(self.load.valid & ~over), refused.eq(self.load.valid)]
            with m.If(begins & ~self.load.valid):
                value: Value = asked.data
                if map.words == 2:
                    value = Cat(written.word, asked.data)
                    m.d.sync += written.kept.eq(0)
                m.d.sync += [
                    self.load.valid.eq(1),
                    self.load.payload.address.eq(place),
                    self.load.payload.value.eq(value[: map.value_bits]),
                ]
                discard(m, "request_data", [value[map.value_bits :]])
        with m.Elif(asks):
            m.d.comb += [
                word.eq(found[:WORD_BITS]),
                waits.eq(~arrives & ~over),
                refused.eq(~arrives),
            ]
            with m.If(begins):
                with m.If(arrives):
                    if map.words == 2:
                        m.d.sync += read.eq(Cat(Const(1, 1), place, found[WORD_BITS:]))
                with m.Elif(over):
                    m.d.sync += lost.eq(fetching & ~self.fetched.valid)
                    if map.words == 2:
                        m.d.sync += read.kept.eq(0)
                with m.Elif(~fetching & ~self.load.valid):
                    m.d.sync += [self.fetch.payload.eq(place), self.fetch.valid.eq(1)]
                    m.d.sync += fetching.eq(1)

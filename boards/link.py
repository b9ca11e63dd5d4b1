"""The gateware end of the protocol: requests in bytes become transfers on a learner's ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from boards.design import Design, bytes_of, element_bytes, row_bytes
from boards.frames import FrameReader, FrameWriter
from boards.protocol import (
    ADDRESS_BYTES,
    COUNTER_BYTES,
    DIGEST_BYTES,
    REFUSAL,
    SEQUENCE_BYTES,
    VERSION,
    Kind,
    Refusal,
)
from boards.transfers import (
    FETCH_BYTES,
    SEND,
    Answer,
    Buffer,
    Counted,
    ParameterTransfer,
    SampleTransfer,
    Words,
)


class Link(wiring.Component):
    """Carries out the requests of `boards.protocol`, each once, and answers them.

    A request is looked at once its checksum has been found right. The next in the order of their
    numbers is carried out, and its answer is kept; where the last comes again, it has this answer
    again. A request for which the learner has no ports is of an unknown kind. From the end of a
    request to that of its answer, no byte is listened to.

    The learner takes samples and shows its parameters while these are one set: those it was built
    with, what it has learned from them, or a load from `BEGIN` to `COMMIT`. Where a reset leaves
    memories as they are, as in the middle of a step, it takes none until the next load.

    Members: `i`, `i_error` and `o`, the bytes; `restart`, the reset of the learner, for a cycle;
    `learner`, from the other side, the ports of a learner that takes and gives one element at a
    time: a `Serial`, or a folded engine. If it has a port `busy`, its counters are right when that
    is 0.

    Parameters
    ----------
    design: what the learner is
    learner: its ports
    remembers: whether a reset leaves its parameters as they are
    """

    def __init__(self, design: Design, learner: wiring.Signature, remembers: bool) -> None:
        self.design = design
        self.remembers = remembers
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "i_error": In(1),
                "o": Out(stream.Signature(8)),
                "restart": Out(1),
                "learner": In(learner),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        design, learner = self.design, self.learner
        x_bytes, y_bytes = row_bytes(design.x), row_bytes(design.y)
        value_bytes = bytes_of(design.value)
        hello_bytes, counters_bytes = 1 + DIGEST_BYTES + 1, 4 * COUNTER_BYTES
        widest = max(element_bytes(design.prediction), value_bytes, hello_bytes, counters_bytes)
        word = max(ADDRESS_BYTES, value_bytes, element_bytes(design.x), element_bytes(design.y))
        numbers = max(map(len, (design.x, design.y, design.prediction)))

        m = Module()
        m.submodules.reader = reader = FrameReader(design.request_limit)
        m.submodules.writer = writer = FrameWriter(design.buffer_bytes)
        connect(m, flipped(self.i), reader.i)
        connect(m, writer.o, flipped(self.o))
        m.d.comb += reader.error.eq(self.i_error)

        request = reader.o.payload
        buffer = Buffer(m, design.buffer_bytes, reader, writer)
        answer = Answer(m, buffer, widest)
        words = Words(m, buffer, request.length, word, numbers)
        counted = Counted(m, answer, words)
        samples = SampleTransfer(m, answer, words, design, learner)
        if design.parameters:
            parameters = ParameterTransfer(m, answer, words, design, learner)

        greeted = Signal()
        last = Signal(8 * SEQUENCE_BYTES)
        damaged = Signal(8 * COUNTER_BYTES)
        with m.If(reader.dropped):
            m.d.sync += damaged.eq(damaged + 1)
        # Whether the parameters are one set, and whether they are still those of the bitstream.
        one_set, touched = Signal(), Signal(reset_less=self.remembers)
        usable = one_set | ~touched
        begun = Signal()
        if design.learns:
            with m.If(learner.x.valid & samples.train):
                m.d.sync += [one_set.eq(1), touched.eq(1)]

        # A refusal that is not the answer to a request in its turn is not kept.
        aside, why = Signal(), Signal(range(max(Refusal) + 1))
        m.d.comb += writer.header.payload.eq(
            Cat(
                Mux(aside, REFUSAL | why, answer.kind),
                request.sequence,
                Mux(aside, 0, buffer.count)[: len(buffer.count)],
            )
        )

        def turn_away(reason: Refusal) -> None:
            m.d.sync += [aside.eq(1), why.eq(reason)]
            m.next = SEND

        @contextmanager
        def request_of(kind: Kind, fits: Value, needs: bool = False) -> Iterator[None]:
            """What to do for a kind of request, if it fits and has the parameters it needs."""
            with m.Case(kind):
                with m.If(~fits):
                    answer.refuse(Refusal.LENGTH)
                if needs:
                    with m.Elif(~usable):
                        answer.refuse(Refusal.UNLOADED)
                with m.Else():
                    yield

        empty = request.length == 0
        with m.FSM():
            with m.State("REQUEST"), m.If(reader.o.valid):
                m.d.sync += aside.eq(0)
                with m.If(request.kind == Kind.HELLO):
                    m.next = "TURN"
                    m.d.sync += [greeted.eq(1), begun.eq(0)]
                with m.Elif(~greeted):
                    turn_away(Refusal.CLOSED)
                with m.Elif(request.sequence == last):
                    m.next = SEND
                with m.Elif(request.sequence == (last + 1)[: len(last)]):
                    m.next = "TURN"
                with m.Else():
                    turn_away(Refusal.SEQUENCE)
            with m.State("TURN"):
                m.d.sync += [last.eq(request.sequence), buffer.count.eq(0)]
                with m.Switch(request.kind):
                    with request_of(Kind.HELLO, empty):
                        answer.begin("HELLO", Kind.HELLO)
                    with request_of(Kind.COUNTERS, empty):
                        answer.begin("COUNTERS", Kind.COUNTERS)
                    if not design.always:
                        with request_of(Kind.PREDICT, ~empty, needs=True):
                            m.d.sync += samples.train.eq(0)
                            counted.begin(Kind.PREDICT, x_bytes, samples=True)
                    if design.learns:
                        with request_of(Kind.LEARN, ~empty, needs=True):
                            m.d.sync += samples.train.eq(1)
                            counted.begin(Kind.LEARN, x_bytes + y_bytes, samples=True)
                    with request_of(Kind.BEGIN, empty):
                        m.d.comb += self.restart.eq(1)
                        m.d.sync += [one_set.eq(0), touched.eq(1), begun.eq(1)]
                        if design.parameters:
                            m.d.sync += parameters.loaded.eq(0)
                        answer.begin(SEND, Kind.BEGIN)
                    with request_of(Kind.COMMIT, empty):
                        whole = (
                            parameters.loaded == len(design.parameters) if design.parameters else 1
                        )
                        with m.If(begun & whole):
                            m.d.sync += [one_set.eq(1), begun.eq(0)]
                            answer.begin(SEND, Kind.COMMIT)
                        with m.Else():
                            answer.refuse(Refusal.INCOMPLETE)
                    if design.parameters:
                        with request_of(Kind.LOAD, ~empty):
                            with m.If(begun):
                                m.d.sync += parameters.loading.eq(1)
                                counted.begin(Kind.LOAD, value_bytes, samples=False)
                            with m.Else():
                                answer.refuse(Refusal.INCOMPLETE)
                        with request_of(Kind.FETCH, request.length == FETCH_BYTES, needs=True):
                            m.d.sync += parameters.loading.eq(0)
                            words.begin()
                            answer.begin("ADDRESS", Kind.FETCH)
                    with m.Default():
                        answer.refuse(Refusal.KIND)
            with m.State("HELLO"):
                digest = int.from_bytes(bytes.fromhex(design.digest), "little")
                answer.give(
                    Cat(Const(VERSION, 8), Const(digest, 8 * DIGEST_BYTES), usable, Const(0, 7))
                )
            with m.State("COUNTERS"):
                saturations = [learner.forward_saturations, learner.learning_saturations]
                has_busy = "busy" in learner.signature.members
                answer.give(
                    Cat(learner.samples, *saturations, damaged),
                    valid=~learner.busy if has_busy else 1,
                )
            counted.states(loads=bool(design.parameters))
            samples.states()
            if design.parameters:
                parameters.states()
            with m.State(SEND):
                m.d.comb += [
                    buffer.sending.eq(1),
                    writer.header.valid.eq(1),
                    reader.o.ready.eq(writer.header.ready),
                ]
                with m.If(writer.header.ready):
                    m.next = "REQUEST"
        return m

"""The gateware end of the protocol: requests in bytes become transfers on a learner's ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.hdl import Cat, Const, Module, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from boards.design import Design, bytes_of, element_bytes, row_bytes
from boards.frames import FrameReader, FrameWriter
from boards.protocol import COUNTER_BYTES, DIGEST_BYTES, VERSION, Kind, Refusal
from boards.transfers import END, HEAD_BYTES, Answer, ParameterTransfer, SampleTransfer, Words


class Link(wiring.Component):
    """Carries out the requests of `boards.protocol`, one after another, and answers each.

    A request touches the learner only after its checksum has been found right. A request for which
    the learner has no ports is of an unknown kind. Until an answer is out, no byte is listened to.

    Members: `i`, `i_error` and `o`, the bytes; `learner`, from the other side, the ports of a
    learner that takes and gives one element at a time: a `Serial`, or a folded engine. If it has a
    port `busy`, its counters are right when that is 0.
    """

    def __init__(self, design: Design, learner: wiring.Signature, patience: int) -> None:
        self.design = design
        self.patience = patience
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "i_error": In(1),
                "o": Out(stream.Signature(8)),
                "learner": In(learner),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        design, learner = self.design, self.learner
        x_bytes, y_bytes = row_bytes(design.x), row_bytes(design.y)
        value_bytes, prediction_bytes = bytes_of(design.value), element_bytes(design.prediction)
        identity_bytes, counters_bytes = 1 + DIGEST_BYTES, 4 * COUNTER_BYTES
        longest = max(prediction_bytes, value_bytes, identity_bytes, counters_bytes)
        words_bytes = max(HEAD_BYTES, value_bytes, element_bytes(design.x), element_bytes(design.y))
        numbers = max(map(len, (design.x, design.y, design.prediction)))

        has_busy = "busy" in learner.signature.members

        m = Module()
        m.submodules.reader = reader = FrameReader(design.request_limit, self.patience)
        m.submodules.writer = writer = FrameWriter()
        connect(m, flipped(self.i), reader.i)
        connect(m, writer.o, flipped(self.o))
        m.d.comb += reader.error.eq(self.i_error)

        request = reader.o.payload
        size = request.header.length
        answer = Answer(m, writer, request.header, longest)
        words = Words(m, reader, words_bytes, numbers)
        samples = SampleTransfer(m, answer, words, design, learner)
        if design.parameters:
            parameters = ParameterTransfer(m, answer, words, design, learner)

        @contextmanager
        def request_of(kind: Kind, fits: ValueLike) -> Iterator[None]:
            with m.Case(kind):
                with m.If(fits):
                    yield
                with m.Else():
                    answer.refuse(Refusal.LENGTH)

        with m.FSM():
            with m.State("REQUEST"), m.If(reader.o.valid):
                with m.If(request.fault != 0):
                    answer.refuse(request.fault)
                with m.Else(), m.Switch(request.header.kind):
                    with request_of(Kind.IDENTITY, size == 0):
                        answer.begin("IDENTITY", identity_bytes)
                    with request_of(Kind.COUNTERS, size == 0):
                        answer.begin("COUNTERS", counters_bytes)
                    with request_of(Kind.PREDICT, size == x_bytes):
                        samples.begin(learn=False)
                    if design.learns:
                        with request_of(Kind.LEARN, size == x_bytes + y_bytes):
                            samples.begin(learn=True)
                    if design.parameters:
                        with request_of(Kind.LOAD, size > HEAD_BYTES):
                            parameters.begin(size, loading=True)
                        with request_of(Kind.FETCH, size == HEAD_BYTES):
                            parameters.begin(size, loading=False)
                    with m.Default():
                        answer.refuse(Refusal.KIND)
            with m.State("REFUSE"):
                answer.give(answer.fault)
            with m.State("IDENTITY"):
                digest = int.from_bytes(bytes.fromhex(design.digest), "little")
                answer.give(Cat(Const(VERSION, 8), Const(digest, 8 * DIGEST_BYTES)))
            with m.State("COUNTERS"):
                saturations = [learner.forward_saturations, learner.learning_saturations]
                counters = Cat(learner.samples, *saturations, answer.refused)
                answer.give(counters, valid=~learner.busy if has_busy else 1)
            samples.states()
            if design.parameters:
                parameters.states()
            with m.State(END):
                m.d.comb += [writer.header.valid.eq(1), reader.o.ready.eq(writer.header.ready)]
                with m.If(writer.header.ready):
                    m.next = "REQUEST"
        return m

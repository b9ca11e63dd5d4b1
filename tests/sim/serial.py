"""A small learner whose samples travel element by element, and its meaning in Python integers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from amaranth.hdl import Array as Choice
from amaranth.hdl import Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from catgrad import Fixed
from catgrad.circuit.format import integers
from catgrad.folded.phase import Array, Phases
from sim import Samples, Trace

S8 = Fixed(8, 0)
ARRAYS = (
    Array("w", S8, 1, "state", 1),
    Array("x", S8, 3, "x"),
    Array("y", Fixed(6, 0), 2, "y"),
    Array("v", S8, 1, "state", 0),
    Array("p", Fixed(16, 0), 2, "prediction"),
)
"""Out of order: it is their numbers that count."""


class Serial(wiring.Component):
    """``s = x[0] + x[1] + x[2]``, ``prediction[j] = w[j] * s``, ``w[j] += y[j] if x[2] else 1``.

    It takes y before it predicts, and learns while its prediction is taken, slowly.
    """

    machine = SimpleNamespace(phases=Phases(ARRAYS, ()))
    places = np.array([2, 1])
    latency = interval = 12

    def __init__(self, initial: tuple[int, int] = (0, 0)) -> None:
        self.initial = initial
        entry = data.StructLayout({"address": unsigned(2), "value": signed(8)})
        super().__init__(
            {
                "x": In(stream.Signature(signed(8))),
                "y": In(stream.Signature(signed(6))),
                "prediction": Out(stream.Signature(signed(16))),
                "train": In(1),
                "load": In(stream.Signature(entry)),
                "fetch": In(stream.Signature(unsigned(2))),
                "fetched": Out(stream.Signature(signed(8))),
                "forward_saturations": Out(32),
                "learning_saturations": Out(32),
                "samples": Out(32),
                "busy": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        # The parameter at address a is number 2 - a; addresses 0 and 3 hold nothing.
        w = Choice(Signal(signed(8), name=f"w{j}", init=self.initial[j]) for j in range(2))
        y = Choice(Signal(signed(6), name=f"y{j}") for j in range(2))
        s, last, count, training = Signal(signed(10)), Signal(signed(8)), Signal(4), Signal()
        change, after = Signal(signed(6)), Signal(signed(9))
        m.d.comb += change.eq(Mux(last != 0, y[count[0]], 1))
        m.d.comb += after.eq(w[count[0]] + change)
        m.d.comb += self.prediction.payload.eq(w[count[0]] * s)
        with m.FSM():
            with m.State("x"):
                m.d.comb += self.busy.eq(count != 0)
                first = count == 0
                loading = first & (self.load.valid | self.fetch.valid | self.fetched.valid)
                m.d.comb += self.x.ready.eq(~loading)
                m.d.comb += self.load.ready.eq(first)
                m.d.comb += self.fetch.ready.eq(first & ~self.fetched.valid)
                with m.If(self.load.valid & self.load.ready):
                    m.d.sync += w[2 - self.load.payload.address].eq(self.load.payload.value)
                with m.If(self.fetch.valid & self.fetch.ready):
                    m.d.sync += self.fetched.payload.eq(w[2 - self.fetch.payload])
                    m.d.sync += self.fetched.valid.eq(1)
                with m.If(self.x.valid & self.x.ready):
                    m.d.sync += s.eq(Mux(first, 0, s) + self.x.payload)
                    m.d.sync += last.eq(self.x.payload)
                    m.d.sync += count.eq(count + 1)
                    with m.If(first):
                        m.d.sync += training.eq(self.train)
                    with m.If(count == 2):
                        m.d.sync += count.eq(0)
                        m.next = "y"
            with m.State("y"):
                m.d.comb += self.busy.eq(1)
                m.d.comb += self.y.ready.eq(training)
                with m.If(~training):
                    m.next = "predict"
                with m.Elif(self.y.valid):
                    m.d.sync += y[count[0]].eq(self.y.payload)
                    m.d.sync += count.eq(~count[0])
                    with m.If(count == 1):
                        m.next = "predict"
            with m.State("predict"):
                m.d.comb += self.busy.eq(1)
                m.d.comb += self.prediction.valid.eq(1)
                with m.If(self.prediction.ready):
                    m.d.sync += count.eq(~count[0])
                    with m.If(count == 1):
                        m.next = "learn"
            with m.State("learn"):
                m.d.comb += self.busy.eq(1)
                m.d.sync += count.eq(count + 1)
                with m.If(count < 2):
                    saturated = (after > 127) | (after < -128)
                    rail = Mux(after < 0, Const(-128, signed(8)), 127)
                    with m.If(training):
                        m.d.sync += w[count[0]].eq(Mux(saturated, rail, after))
                        m.d.sync += self.learning_saturations.eq(
                            self.learning_saturations + saturated
                        )
                with m.If(count == 7):
                    m.d.sync += count.eq(0)
                    m.d.sync += self.samples.eq(self.samples + 1)
                    m.next = "x"
        with m.If(self.fetched.valid & self.fetched.ready):
            m.d.sync += self.fetched.valid.eq(0)
        return m


def random(count: int, seed: int = 0) -> Samples:
    """Samples for it."""
    some = np.random.default_rng(seed)
    x, y = some.integers(-128, 128, (count, 3)), some.integers(-32, 32, (count, 2))
    return Samples(x, y, some.random(count) < 0.7)


def model(samples: Samples, initial: tuple[int, int] = (0, 0)) -> Trace:
    """What it gives."""
    w, saturations, rows = list(initial), 0, []
    y_rows = np.asarray(samples.y).tolist()
    for x, y, train in zip(samples.x.tolist(), y_rows, samples.train, strict=True):
        prediction = [(w[j] * sum(x) + 2**15) % 2**16 - 2**15 for j in range(2)]
        if train:
            exact = [w[j] + (y[j] if x[2] else 1) for j in range(2)]
            w = [min(max(new, -128), 127) for new in exact]
            saturations += sum(a != b for a, b in zip(w, exact, strict=True))
        rows.append((prediction, w, [0], [saturations]))
    return Trace("model", *(integers(list(column)) for column in zip(*rows, strict=True)))

"""A delay line: the last samples of a stream, side by side."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from catgrad.circuit.format import Integers
from catgrad.errors import CatgradError
from catgrad.hdl.layout import Elements


class DelayLine(wiring.Component):
    """For each sample, an array of the last `taps` samples, the newest first.

    In front of a linear model it makes a filter: with fixed weights an FIR filter, with learning an
    adaptive one (least mean squares; Widrow and Hoff, *Adaptive switching circuits*, 1960)::

        i ---> [ z0 | z1 | z2 | ... ] ---> o          z0 is the sample just taken

    Before the first sample all are 0.

    Members
    -------
    - `i`: In, stream of `shape`
    - `o`: Out, stream of `ArrayLayout(shape, taps)`

    Latency: 1 cycle. Interval: 1 cycle. Nothing is computed, so nothing rounds or overflows. While
    `o` waits, so does `i`. `history` is how many samples before the newest one it holds.

    >>> from amaranth.hdl import signed
    >>> DelayLine(signed(8), 3).signature.members["o"].signature
    stream.Signature(ArrayLayout(signed(8), 3))
    """

    latency = 1
    interval = 1

    def __init__(self, shape: ShapeLike, taps: int) -> None:
        if taps < 1:
            raise CatgradError(f"A delay line of {taps} taps holds no sample; give it at least 1.")
        self.history = taps - 1
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(Elements(shape, taps))),
            }
        )

    def model(self, samples: Integers) -> Integers:
        """What it gives for the newest of the last `taps` samples, `int[taps, n]`, newest last.

        >>> import numpy as np
        >>> from amaranth.hdl import signed
        >>> DelayLine(signed(8), 3).model(np.array([[1], [2], [3]]))
        array([3, 2, 1])
        """
        return samples[::-1].ravel()

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(self.i.valid & self.i.ready):
            taps = self.o.payload.as_value()
            m.d.sync += taps.eq(Cat(self.i.payload, taps))
        return m

"""Long runs: a design as a C++ program, fed by C++, millions of cycles a second."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from amaranth.lib import wiring
from numpy.typing import NDArray

from sim import cxxrtl_runner, ports
from sim.bench import COUNTER_BITS
from sim.cxxrtl_runner import CHUNK, CxxrtlPins, chunks
from sim.simulation import require_no_blocks
from sim.stimulus import (
    check_stall,
    generous_budget,
    load_words,
    train_bits,
    x_words,
    y_words,
)
from sim.streams import SimulationError
from sim.trace import Samples, Trace
from sim.words import unpack

EFFORT = "-O3"
"""How hard the compiler tries: it takes longer than a short run, and makes long ones fast."""


class CStream(ctypes.Structure):
    """`Stream` in cxxrtl_streams.cc."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("valid", "ready", "payload", "beside", "words")),
        ("bits", ctypes.c_void_p),
        *((name, ctypes.c_uint64) for name in ("chunks", "total", "done", "moves")),
    )


@dataclass
class End:
    """What goes into a stream of the design, or comes out of one: words in chunks, row by row."""

    stream: str
    words: NDArray[np.uint32]
    bits: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))


class Running:
    """A design that runs, and keeps what it has learned from one call to the next.

    Its streams stall if they are asked to, but nothing holds them to the rules of streams: that is
    what `sim.simulate` is for. CatgradError if there is no C++ compiler.
    """

    def __init__(
        self,
        design: wiring.Component,
        load: Sequence[int] | None = None,
        directory: str | Path = "build/sim",
    ):
        require_no_blocks(design, "cxxrtl")
        library = cxxrtl_runner.build(design, Path(directory), EFFORT)
        self.design = design
        self.widths = ports.widths(design)
        self.pins = CxxrtlPins(library, self.widths)
        self.predicted = 0
        self._reset()
        writes = load_words(design, load)
        if writes:
            self._play([self._source("load", writes)], [], 0.0, 0, 64 * len(writes) + 64)

    def stream(
        self, samples: Samples, stall: float = 0.0, seed: int = 0, budget: int | None = None
    ) -> Trace:
        """What it gives for these samples, one after another as fast as they can follow.

        The arguments are those of `sim.simulate`. The trace has the parameters and the counters
        after the last sample. SimulationError if the budget of cycles is spent.
        """
        check_stall(stall)
        design, counts = self.design, ports.transfers(self.design)
        train = train_bits(samples, counts["x"], seed)
        x, y = x_words(design, samples), y_words(design, samples)
        predictions = self._sink("prediction", len(samples) * counts["prediction"])
        sources = [self._source("x", x, train), *([self._source("y", y)] if y else [])]
        moves = len(x) + len(y) + len(predictions.words)
        if budget is None:
            budget = generous_budget(design, len(samples), moves, stall)
        cycles = self._play(sources, [predictions], stall, seed, budget)
        self.predicted += len(samples)
        if self.pins.get("samples") != self.predicted % (1 << COUNTER_BITS):
            raise SimulationError(
                f"samples is {self.pins.get('samples')} after {self.predicted} predictions; "
                "it counts them."
            )
        columns = len(ports.elements(design, "prediction"))
        return Trace(
            "cxxrtl",
            unpack(_ints(predictions), ports.fields(design, "prediction.payload")).reshape(
                -1, columns
            ),
            self._parameters(),
            np.array([[self.pins.get("forward_saturations")]]),
            np.array([[self.pins.get("learning_saturations")]]),
            cycles=cycles,
        )

    def _parameters(self) -> NDArray[np.int64]:
        """All of them, `(1, k)`, by way of fetch."""
        places = list(ports.places(self.design))
        fetched = self._sink("fetched", len(places))
        if places:
            self._play([self._source("fetch", places)], [fetched], 0.0, 0, 64 * len(places) + 64)
        found = unpack(_ints(fetched), ports.fields(self.design, "fetched.payload"))
        return found.reshape(1, len(places))

    def _reset(self) -> None:
        for clk, rst in ((0, 1), (1, 1), (0, 0)):
            self.pins.set("clk", clk)
            self.pins.set("rst", rst)
            self.pins.program.settle(self.pins.design)

    def _source(self, stream: str, words: Sequence[int], bits: Sequence[int] = ()) -> End:
        count = chunks(self.widths[f"{stream}.payload"])
        octets = b"".join(word.to_bytes(count * CHUNK // 8, "little") for word in words)
        rows = np.frombuffer(octets, np.uint32).reshape(len(words), count)
        return End(stream, rows, np.array(bits, np.uint8))

    def _sink(self, stream: str, count: int) -> End:
        width = self.widths.get(f"{stream}.payload", 0)
        return End(stream, np.zeros((count, chunks(width)), np.uint32))

    def _play(
        self, sources: Sequence[End], sinks: Sequence[End], stall: float, seed: int, budget: int
    ) -> int:
        """The cycles up to the last word that a sink took."""
        last = ctypes.c_int64(0)
        inputs, outputs = (
            (CStream * len(ends))(*map(self._stream, ends)) for ends in (sources, sinks)
        )
        result = self.pins.program.play(
            self.pins.design,
            self._address("clk"),
            self._address("busy"),
            inputs,
            ctypes.c_size_t(len(sources)),
            outputs,
            ctypes.c_size_t(len(sinks)),
            ctypes.c_uint32(int(stall * 2**32)),
            ctypes.c_uint64(seed),
            ctypes.c_int64(budget),
            ctypes.byref(last),
        )
        if result == -1:
            moved = ", ".join(
                f"{stream.done} of {stream.total} transfers on {end.stream}"
                for end, stream in zip((*sources, *sinks), (*inputs, *outputs), strict=True)
            )
            raise SimulationError(f"cycle budget of {budget} spent: {moved}.")
        if result == -2:
            raise SimulationError(
                f"More than {len(sinks[0].words)} words on {sinks[0].stream} were offered; each "
                "sample gives one prediction."
            )
        return last.value

    def _stream(self, end: End) -> CStream:
        return CStream(
            **{pin: self._address(f"{end.stream}.{pin}") for pin in ("valid", "ready", "payload")},
            beside=self._address("train") if len(end.bits) else None,
            words=end.words.ctypes.data,
            bits=end.bits.ctypes.data,
            chunks=end.words.shape[1],
            total=len(end.words),
            done=0,
        )

    def _address(self, pin: str) -> ctypes.c_void_p | None:
        held = self.pins.pins.get(pin)
        return None if held is None else ctypes.c_void_p(ctypes.addressof(held))


def _ints(end: End) -> list[int]:
    """The words of a sink."""
    return [int.from_bytes(row.tobytes(), "little") for row in end.words]

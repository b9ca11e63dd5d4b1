"""Machines: a folded engine down to the cycle, as data.

A machine has P lanes (a multiplier and an exact accumulator each), a tree that adds their products,
memories, pipelined bodies, and a static program of instructions. Every cycle of it is known before
any hardware exists, so that it never waits for data, and no two accesses ever meet at a port.

Cycles. Let an iteration of an instruction be issued in cycle t: in this cycle the addresses of its
factors are on the read ports. A read takes `Timing.read` cycles, a multiplication
`Timing.multiply`. Then the result of an instruction whose last iteration is issued in cycle t
stands at the entrance of the body in cycle v,

    TREE       v = t + read + multiply + levels + 1          levels = ceil(log2(P))
    PARALLEL   v = t + read + multiply + 1                   in all lanes at once
               v = t + read                                  without factors
    DRAIN      v = t + read + multiply + 2 + l               for lane l, one after another
    SERIAL     v = t + read                                  without factors
               v = t + read + 1                              with one factor: its max or min

The addresses of the operands are on the read ports in cycle v - read, and the outputs of the body
are right in cycle w = v + latency of the body; at the end of that cycle they are written. A read
whose address is on the port in cycle w - 1 finds the old number, one in cycle w + 1 the new one.
None of the same number is in cycle w: block RAM makes no promise for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.circuit.pipeline import Pipeline
from catgrad.folded.phase import Phases


class Mode(Enum):
    """How the lanes share the work of a phase.

    - TREE: the lanes run over a reduced loop, the tree adds their products, one result at a time
    - PARALLEL: the lanes run over a kept loop, each with a body of its own; there may be nothing to
      multiply
    - DRAIN: the lanes run over a kept loop; their totals move to the one serial body, lane by lane,
      while the next ones are formed
    - SERIAL: no multiplication: numbers go straight to the serial body
    """

    TREE = "tree"
    PARALLEL = "parallel"
    DRAIN = "drain"
    SERIAL = "serial"


@dataclass(frozen=True)
class Timing:
    """Latencies, in cycles: of a memory, and of a multiplier with its registers."""

    read: int = 1
    multiply: int = 2


@dataclass(frozen=True)
class Layout:
    """How an array lies in rows of lanes.

    Flat position p is number ``r = p // stride % extent`` along the lane axis, whose neighbours are
    `stride` apart: it lies in lane ``r % lanes``. With ``lanes == 1`` row p holds position p.
    What lies in the last row of an axis beyond `extent` is always 0.
    """

    lanes: int
    stride: int = 1
    extent: int = 1

    def place(self, positions: IntArray) -> tuple[IntArray, IntArray]:
        """The row, from the first of the array, and the lane of each position."""
        if self.lanes == 1:
            return positions, np.zeros_like(positions)
        r = positions // self.stride % self.extent
        tiles = -(-self.extent // self.lanes)
        row = positions // (self.stride * self.extent) * tiles + r // self.lanes
        return row * self.stride + positions % self.stride, r % self.lanes

    def rows(self, size: int) -> int:
        """How many rows an array of so many numbers takes."""
        if self.lanes == 1:
            return size
        return size // self.extent * -(-self.extent // self.lanes)


@dataclass(frozen=True)
class Memory:
    """A memory of `rows` rows of `lanes` numbers of `width` bits: one read and one write a cycle.

    A read gives a whole row; a write can leave out lanes.
    """

    name: str
    lanes: int
    width: int
    rows: int


@dataclass(frozen=True)
class Home:
    """Where an array lives: from row `base` of a memory on.

    `buffer`: 0, or a power of two. Arrays that come and go with samples are kept twice, `buffer`
    rows apart, for the sample being computed and the one beside it; `base` is a multiple of
    ``2 * buffer``, so a single bit of the address tells them apart.
    """

    memory: int
    base: int
    layout: Layout
    buffer: int = 0


@dataclass(frozen=True)
class Access:
    """The address of each point of some loops: ``base + strides[0] * i + strides[1] * j + ...``.

    - ``vector``: the address is a row, and lane l has to do with lane l of it. Else it is one
      number, at ``row * 2**ceil(log2(lanes of the memory)) + lane``
    - ``buffer``: what to add to the address for the second copy: the `buffer` of the array's home,
      in numbers where the address is one of numbers
    """

    memory: int
    base: int
    strides: tuple[int, ...]
    vector: bool
    buffer: int = 0


@dataclass(frozen=True)
class Instruction:
    """How the engine runs one phase.

    - ``loops``: the loops of the issue, outermost first; the first `kept` of them are kept, and
      each run through the others gives one result, or one for each lane
    - ``tile``: which of the loops counts rows of lanes; None where only lane 0 works
    - ``tail``: how many lanes work in the last iteration of that loop
    - ``wait``: idle cycles before the first iteration, after the last one of the instruction before
    - ``gap``: idle cycles after the last iteration of each result
    - ``factors``: accesses over `loops`
    - ``operands``, ``stores``: accesses over the result loops, ``loops[:kept]``, and in mode DRAIN
      with a tile the lanes as one more, innermost, which always runs through all lanes of the
      machine; beyond `tail` nothing is stored or counted. Stores are those of the phase, in order
    - ``body``: which of the machine's bodies
    """

    phase: int
    mode: Mode
    loops: tuple[int, ...]
    kept: int
    tile: int | None
    tail: int
    wait: int
    gap: int
    factors: tuple[Access, ...]
    operands: tuple[Access, ...]
    stores: tuple[Access, ...]
    body: int

    @property
    def cycles(self) -> int:
        """From the first issue to the last, and the idle cycles that follow each result."""
        results = int(np.prod(self.loops[: self.kept], dtype=np.int64))
        terms = int(np.prod(self.loops[self.kept :], dtype=np.int64))
        return results * (terms + self.gap)


@dataclass(frozen=True)
class Machine:
    """A folded engine.

    - ``phases``: what it computes; ``homes``, where each of its arrays lives
    - ``instructions``: the static program; the first `forward` of them predict
    - ``bodies``: the pipelined scalar datapaths, shared by phases of one kind. Input ports
      ``total`` (one element, where the phase has factors) and ``operands``; output ports
      ``stores`` (an element for each store, in order), ``forward`` and ``learning`` (an element
      for each event of that counter, in order)
    - ``restart``: idle cycles from the last issue of a sample, gap included, to the first issue of
      the next: after a prediction alone, and after learning
    """

    lanes: int
    timing: Timing
    phases: Phases
    memories: tuple[Memory, ...]
    homes: tuple[Home, ...]
    bodies: tuple[Pipeline, ...]
    instructions: tuple[Instruction, ...]
    forward: int
    restart: tuple[int, int]

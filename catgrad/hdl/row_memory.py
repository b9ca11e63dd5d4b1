"""Memories of rows: one number for each lane."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, ResetSignal, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from catgrad.errors import CatgradError
from catgrad.hdl.layout import Elements
from catgrad.hdl.unread import discard


class RowMemory(wiring.Component):
    """Rows of numbers in block RAM: one row is read and one is written in every cycle.

    Each lane is a memory of its own, since no block RAM can leave out single numbers of a write::

              lane 0     lane 1     lane 2
        row 0 [ .... ]   [ .... ]   [ .... ]
        row 1 [ .... ]   [ .... ]   [ .... ]     all at one address

    Members
    -------
    - `read_row`: In, the row to read
    - `read_data`: Out, array of `lanes` numbers of `width` bits: that row, `read` cycles later
    - `write_row`, `write_data`: In, a row, and what to write there
    - `write_enable`: In, a bit for each lane, those in which to write

    Latency: `read` cycles, 1 or 2; with 2 the numbers leave through registers. Interval: 1 cycle.
    What is written in one cycle is read from the next one on: a read in the cycle of a write to the
    same row gives the old number. Block RAM does not promise that, so that synthesis adds about 36
    flip-flops a lane for it; without `collisions` it does not, and no number may be read in the
    cycle in which it is written. Numbers are bits here, nothing rounds or overflows.

    `init` has the numbers of the first rows, row by row; the others begin as 0. Numbers of fewer
    than `width` bits, or negative ones, are taken modulo 2**width.
    """

    def __init__(
        self,
        lanes: int,
        width: int,
        rows: int,
        init: Sequence[Sequence[int]] = (),
        read: int = 1,
        collisions: bool = True,
    ) -> None:
        if read not in (1, 2):
            raise CatgradError(f"A read takes 1 or 2 cycles, not {read}; choose one of these.")
        if len(init) > rows or any(len(row) != lanes for row in init):
            raise CatgradError(
                f"The initial contents are {len(init)} rows of {sorted({*map(len, init)})} numbers "
                f"each, but the memory has {rows} rows of {lanes}; give it at most so many rows, "
                f"each of so many numbers."
            )
        self.lanes, self.width, self.rows, self.read = lanes, width, rows, read
        self.collisions = collisions
        self._init = [[number & ((1 << width) - 1) for number in row] for row in init]
        row = unsigned(max(1, (rows - 1).bit_length()))
        numbers = Elements(unsigned(width), lanes)
        super().__init__(
            {
                "read_row": In(row),
                "read_data": Out(numbers),
                "write_row": In(row),
                "write_data": In(numbers),
                "write_enable": In(lanes),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        for lane in range(self.lanes):
            memory = Memory(
                shape=unsigned(self.width),
                depth=self.rows,
                init=[row[lane] for row in self._init],
                attrs={"ram_style": "block"} | ({} if self.collisions else {"no_rw_check": 1}),
            )
            m.submodules[f"lane_{lane}"] = memory
            write = memory.write_port()
            # Not transparent for the write port: the old number, as block RAM gives it by itself.
            read = memory.read_port()
            m.d.comb += [
                read.addr.eq(self.read_row),
                write.addr.eq(self.write_row),
                write.data.eq(self.write_data[lane]),
                write.en.eq(self.write_enable[lane]),
            ]
            number = read.data
            if self.read == 2:
                number = Signal(self.width, name=f"number_{lane}", reset_less=True)
                m.d.sync += number.eq(read.data)
            m.d.comb += self.read_data[lane].eq(number)
        discard(m, "reset", [ResetSignal(allow_reset_less=True)])
        if self.rows == 1:
            discard(m, "only_row", [self.read_row, self.write_row])
        return m

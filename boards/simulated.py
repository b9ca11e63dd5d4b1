"""A simulated board behind the interface of a serial port."""

from __future__ import annotations

from collections import deque

from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator, SimulatorContext

from boards.top import Top
from boards.uart import BITS


class SimulatedPort:
    """A whole `Top`, pins and all, in Amaranth's simulator.

    Time passes only while `read` waits, and a silence of `budget` clock cycles, as many as its
    computing may take unless given, ends it. Bytes go over the wires as they would on a board, so a
    small divisor saves time. It needs no compiler; `VerilatedPort` is a hundred times faster once
    it is built.
    """

    def __init__(self, top: Top, budget: int | None = None) -> None:
        self._top = top
        self._budget = top.design.silent_cycles if budget is None else budget
        self._outgoing: deque[int] = deque()
        self._incoming = bytearray()
        self._cycle = 0
        self._heard = 0  # The cycle in which the last byte came, or had gone.
        self._resets = 0
        whole = Module()
        whole.domains.sync = self._sync = ClockDomain()
        whole.submodules.top = top
        self._simulator = Simulator(whole)
        self._simulator.add_clock(1e-6)
        self._simulator.add_testbench(self._send, background=True)
        self._simulator.add_testbench(self._receive, background=True)

    def write(self, data: bytes) -> None:
        """Send bytes, once time passes."""
        self._outgoing.extend(data)

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer if the budget is spent."""
        self._heard = self._cycle
        while len(self._incoming) < count and self._cycle < self._heard + self._budget:
            self._simulator.advance()
        data = bytes(self._incoming[:count])
        del self._incoming[:count]
        return data

    def clear(self) -> None:
        """Forget what has arrived and not been read."""
        self._incoming.clear()

    def reset(self) -> None:
        """Reset the board, between bytes and once time passes."""
        self._resets += 1

    async def _send(self, simulation: SimulatorContext) -> None:
        """The host's transmitter, which also counts the cycles."""
        while True:
            if self._resets:
                self._resets -= 1
                simulation.set(self._sync.rst, 1)
                await simulation.tick()
                simulation.set(self._sync.rst, 0)
                self._cycle += 1
            elif self._outgoing:
                byte = self._outgoing.popleft()
                for bit in (0, *(byte >> i & 1 for i in range(BITS)), 1):
                    simulation.set(self._top.rx, bit)
                    await simulation.tick().repeat(self._top.divisor)
                self._cycle += (BITS + 2) * self._top.divisor
                self._heard = self._cycle
            else:
                await simulation.tick()
                self._cycle += 1

    async def _receive(self, simulation: SimulatorContext) -> None:
        """The host's receiver, which samples in the middle of each bit."""
        divisor = self._top.divisor
        while True:
            await simulation.negedge(self._top.tx)
            await simulation.tick().repeat(divisor // 2)
            byte = 0
            for i in range(BITS):
                await simulation.tick().repeat(divisor)
                byte |= simulation.get(self._top.tx) << i
            await simulation.tick().repeat(divisor)
            self._incoming.append(byte)
            self._heard = self._cycle

"""The whole design on a board: serial port, link, and the learner."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from boards.board import Board
from boards.describe import Learner, describe, formats_of, remembers
from boards.design import told_apart
from boards.link import Link
from boards.serial import Front, Serial
from boards.uart import Receiver, Transmitter, divisor_for
from catgrad.errors import CatgradError
from catgrad.hdl.folded.engine import Engine

LEAST_DIVISOR = 2
"""Clock cycles for each bit: with fewer, the next byte comes before the checksum has the last."""


class Top(wiring.Component):
    """A learner that talks to a host over two wires.

        rx ---> receiver -------> link <===> learner      a transducer or a pipeline, perhaps with
        tx <--- transmitter <----- '                      a front such as a `DelayLine`; an engine

    Members: `rx` and `tx`, the wires of a serial port, high when idle.

    Parameters
    ----------
    learner: what learns
    name: of the design and its files
    divisor: clock cycles per bit on the line
    front: takes what the host sends as `x`; what it gives out goes to the learner, no engine

    CatgradError if a front is given to an engine, or one whose numbers are not those of its `x`.
    """

    def __init__(
        self,
        learner: Learner,
        name: str,
        divisor: int,
        front: Front | None = None,
    ) -> None:
        if divisor < LEAST_DIVISOR:
            raise CatgradError(
                f"{name} has too few clock cycles for a bit on its line, {divisor}; give it at "
                f"least {LEAST_DIVISOR}, and a board at least 4."
            )
        if front is not None:
            require(name, learner, front)
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1)})
        self._MustUse__used = True  # Amaranth would warn of one that is made to be looked at only.
        self.learner = learner
        self.divisor = divisor
        self.serial = learner if isinstance(learner, Engine) else Serial(learner, front)
        self.design = describe(name, learner, front)

    @classmethod
    def on(cls, board: Board, learner: Learner, name: str, front: Front | None = None) -> Self:
        """The top for a board, at its clock and baud rate."""
        divisor = divisor_for(board.clock_hz, board.baud)
        top = cls(learner, name, divisor, front)
        top.design = replace(top.design, baud=board.baud, clock_hz=board.clock_hz)
        return top

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = Receiver(self.divisor)
        m.submodules.transmitter = transmitter = Transmitter(self.divisor)
        learner = self.serial
        ports = wiring.Signature(learner.signature.members)
        m.submodules.link = link = Link(self.design, ports, remembers(self.learner))
        m.submodules.learner = ResetInserter(link.restart)(learner)

        connect(m, receiver.o, link.i)
        connect(m, link.o, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            link.i_error.eq(receiver.error),
            self.tx.eq(transmitter.tx),
        ]
        connect(m, link.learner, learner)
        return m


def require(name: str, learner: Learner, front: Front) -> None:
    """CatgradError if this front cannot stand before this learner."""
    kind = type(front).__name__
    if isinstance(learner, Engine):
        raise CatgradError(
            f"{name} runs on lanes, which take their numbers one by one, and a {kind} gives all at "
            f"once; compile it with Spatial, as --cycles does, or leave the front out, as a "
            f"front(hardware) does that returns None."
        )
    gives = formats_of(front.o.payload.shape())
    if gives != (takes := learner.netlist.input("x").formats):
        given, taken = told_apart(gives, takes)
        raise CatgradError(
            f"The {kind} before {name} gives {given} and the learner takes {taken}; make the front "
            f"from hardware.netlist.input('x').formats."
        )

"""The whole design on a board: serial port, link, and the learner."""

from __future__ import annotations

from hashlib import blake2b, sha256
from pathlib import Path
from typing import Self

from amaranth.build import TemplatedPlatform
from amaranth.hdl import Elaboratable, Module, Shape, ShapeLike
from amaranth.lib import data, io, wiring
from amaranth.lib.wiring import In, Out, connect

from boards.board import Board
from boards.design import Design, Formats
from boards.link import Link
from boards.protocol import DIGEST_BYTES, VERSION
from boards.report import BuildReport
from boards.serial import Front, Serial
from boards.toolchain import implement, workspace
from boards.uart import Receiver, Transmitter, divisor_for
from catgrad.circuit import Format, to_text
from catgrad.folded.machine import Machine
from catgrad.hdl.folded.engine import Engine
from catgrad.hdl.folded.streams import arrays_of
from catgrad.hdl.transducer import Transducer
from catgrad.hdl.verilog import verilog
from catgrad.publish import publish

PATIENCE_S = 0.1
"""How long a board waits for the next byte of a request. USB adapters pause for up to 16 ms."""


Learner = Transducer | Engine
"""What can be put on a board."""


class Top(wiring.Component):
    """A learner that talks to a host over two wires.

        rx ---> receiver -------> link <===> learner        a transducer, perhaps with a front such
        tx <--- transmitter <----- '                        as a `DelayLine`, or a folded engine

    Members: `rx` and `tx`, the wires of a serial port, high when idle.

    Parameters
    ----------
    learner: what learns
    name: of the design and its files
    divisor: clock cycles per bit on the line
    patience: clock cycles without a byte after which a request has broken off
    front: takes what the host sends as `x`; what it gives out goes to the transducer
    """

    def __init__(
        self,
        learner: Learner,
        name: str,
        divisor: int,
        patience: int,
        front: Front | None = None,
    ) -> None:
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1)})
        self.learner = learner
        self.divisor = divisor
        self.patience = patience
        self.serial = Serial(learner, front) if isinstance(learner, Transducer) else learner
        self.design = describe(name, learner, front)

    @classmethod
    def on(cls, board: Board, learner: Learner, name: str, front: Front | None = None) -> Self:
        """The top for a board, at its clock and baud rate."""
        divisor = divisor_for(board.clock_hz, board.baud)
        return cls(learner, name, divisor, round(PATIENCE_S * board.clock_hz), front)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = Receiver(self.divisor)
        m.submodules.transmitter = transmitter = Transmitter(self.divisor)
        m.submodules.learner = learner = self.serial
        ports = wiring.Signature(learner.signature.members)
        m.submodules.link = link = Link(self.design, ports, self.patience)

        connect(m, receiver.o, link.i)
        connect(m, link.o, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            link.i_error.eq(receiver.error),
            self.tx.eq(transmitter.tx),
        ]
        connect(m, link.learner, learner)
        return m


def describe(name: str, learner: Learner, front: Front | None = None) -> Design:
    """What a host has to know of a learner, behind a front if there is one.

    The digest covers the formats, what the learner computes and how, what its parameters are at
    first, and this protocol's version.
    """
    if isinstance(learner, Engine):
        rows, places = engine_rows(learner), tuple(learner.places.tolist())
        text = engine_text(learner.machine)
    else:
        ports = {port.name: port.formats for port in learner.netlist.inputs}
        ports["prediction"] = learner.netlist.output("prediction").formats
        rows = {row: ports.get(row, ()) for row in ("x", "y", "prediction", "parameters")}
        text, places = to_text(learner.netlist), None
    if front is not None:
        rows["x"] = formats_of(front.i.payload.shape())
    program = "\n".join(map(str, [VERSION, rows, learner.initial, text]))
    digest = blake2b(program.encode(), digest_size=DIGEST_BYTES).hexdigest()
    return Design(name, learner.learns, digest=digest, places=places, **rows)


def engine_rows(engine: Engine) -> dict[str, Formats]:
    """The format of each element of a row, one array after another."""
    names = {"x": "x", "y": "y", "prediction": "prediction", "parameters": "state"}
    rows = {}
    for name, kind in names.items():
        arrays = arrays_of(engine.machine, kind)
        pairs = zip(arrays.formats, arrays.sizes, strict=True)
        rows[name] = tuple(format for format, size in pairs for _ in range(size))
    return rows


def engine_text(machine: Machine) -> str:
    """All that a machine computes and when, as text: the same for the same machine."""
    bodies = [f"{to_text(body.netlist)}{body.stage.tolist()}" for body in machine.bodies]
    rest = [machine.phases.arrays, machine.timing, machine.memories, machine.homes]
    return "\n".join([*bodies, *map(str, rest), *map(str, machine.instructions)])


def formats_of(shape: ShapeLike) -> Formats:
    """The format of each element of a payload of this shape.

    >>> from amaranth.hdl import signed
    >>> formats_of(data.ArrayLayout(signed(8), 2))
    (Format(width=8, signed=True), Format(width=8, signed=True))
    """
    shapes = [field.shape for _, field in shape] if isinstance(shape, data.Layout) else [shape]
    casts = map(Shape.cast, shapes)
    return tuple(Format(cast.width, cast.signed) for cast in casts)


class Wired(Elaboratable):
    """A top with its wires on the pins of a board's serial port."""

    def __init__(self, top: Top, board: Board) -> None:
        self.top = top
        self.board = board

    def elaborate(self, platform: TemplatedPlatform) -> Module:
        m = Module()
        m.submodules.top = top = self.top
        name, number = self.board.uart
        pins = platform.request(name, number, dir="-")
        m.submodules.rx = rx = io.Buffer("i", pins.rx)
        m.submodules.tx = tx = io.Buffer("o", pins.tx)
        m.d.comb += [top.rx.eq(rx.i), tx.o.eq(top.tx)]
        return m


def build(board: Board, top: Top, out_dir: Path | str) -> BuildReport:
    """Make the files of a top for a board; none, if anything fails.

    In `out_dir`, for a top named `lms`: the bitstream, `lms.bin` or `lms.bit`; `lms.v`, the top in
    Verilog, for use elsewhere; `lms.design.json`, which a host needs (`Design.read`); and
    `lms.report.json`, the result. The same top gives the same files, byte for byte. For errors see
    `implement`.
    """
    out_dir, name = Path(out_dir), top.design.name
    with workspace(out_dir, name) as work:
        made = implement(board, Wired(top, board), name, work, log=out_dir / f"{name}.log")
        files = {
            made.bitstream.name: made.bitstream.read_bytes(),
            f"{name}.v": verilog(top, name).encode(),
            f"{name}.design.json": top.design.to_json().encode(),
        }
    report = BuildReport(
        name=name,
        board=board.name,
        digest=top.design.digest,
        uses=made.uses,
        clocks=made.clocks,
        interval=top.learner.interval,
        tools=made.tools,
        files={file: sha256(content).hexdigest() for file, content in files.items()},
    )
    for file, content in files.items():
        publish(out_dir / file, content)
    publish(out_dir / f"{name}.report.json", report.to_json())
    return report

"""From a top to the files of a build: a bitstream, or the sources for a vendor's tools."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from amaranth.build import TemplatedPlatform
from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io

from boards.board import Board
from boards.report import BuildReport
from boards.toolchain import Implementation, Plan, Progress, implement, plan, silent, workspace
from boards.top import Top
from catgrad.hdl.folded.engine import Engine
from catgrad.hdl.verilog import verilog
from catgrad.publish import publish

DIGITS = 12
"""How much of the hash of what a build is made of stands in the names of its files."""


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


def build(board: Board, top: Top, out_dir: Path | str, progress: Progress = silent) -> BuildReport:
    """Make the files of a top for a board; none, if anything fails.

    In `out_dir`, for a top named `lms`: `lms.report.json`, the result, which names the others. They
    are called after a hash of all that they are made of, the tools included, as in
    `lms-0123456789ab.bin`: the bitstream, .bin, .bit or .fs; .v, the top in Verilog, for use
    elsewhere; and .design.json, which a host needs (`Design.read`). The same top gives the same
    files, byte for byte, so a build that is there already is left as it is. For a board that needs
    its vendor's tools the sources and the script that these run take the place of the bitstream.
    `progress` is told of each step that begins.

    For errors see `implement`.
    """
    out_dir, name = Path(out_dir), top.design.name
    progress("write the design")
    lanes = top.learner.machine.lanes if isinstance(top.learner, Engine) else 1
    planned = plan(board, Wired(top, board), name, lanes)
    there = earlier(out_dir, name, planned)
    if there is not None:
        return there
    stem = f"{name}-{planned.digest[:DIGITS]}"
    files = {
        f"{stem}.v": verilog(top, name).encode(),
        f"{stem}.design.json": top.design.to_json().encode(),
    }
    made = Implementation(out_dir, (), ())
    if board.family.tools:
        with workspace(out_dir, name) as work:
            made = implement(planned, work, out_dir / f"{name}.log", progress)
            files[f"{stem}{made.bitstream.suffix}"] = made.bitstream.read_bytes()
    else:
        for file in (f"{name}.v", f"{name}.xdc", f"{name}.tcl"):
            files[f"{stem}/{file}"] = planned.files[file].encode()
    report = BuildReport(
        name=name,
        board=board.name,
        digest=top.design.digest,
        made_of=planned.digest,
        uses=made.uses,
        clocks=made.clocks,
        clock_mhz=board.clock_hz / 1e6,
        interval=top.learner.interval,
        tools=planned.tools,
        files={file: sha256(content).hexdigest() for file, content in files.items()},
    )
    for file, content in files.items():
        (out_dir / file).parent.mkdir(parents=True, exist_ok=True)
        publish(out_dir / file, content)
    publish(out_dir / f"{name}.report.json", report.to_json())
    return report


def earlier(out_dir: Path, name: str, planned: Plan) -> BuildReport | None:
    """The build of the same plan that is in a folder, if all of its files are whole."""
    try:
        report = BuildReport.from_json((out_dir / f"{name}.report.json").read_text())
        whole = all(
            sha256((out_dir / file).read_bytes()).hexdigest() == digest
            for file, digest in report.files.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return report if whole and report.made_of == planned.digest else None

"""Build the digits trainer and an adaptive filter for every board: python examples/every_board.py.

Writes the table of what each takes, and how fast it is, into docs/boards.md. Builds that are there
already, in build/boards, are only looked at.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bitstream import build_example

import boards
from boards.board import Board
from boards.report import BuildReport
from catgrad import CatgradError
from catgrad.publish import publish

EXAMPLES = {"digits": "digits trainer 64-32-10", "lms": "adaptive filter, 4 taps"}
ROOT = Path(__file__).parents[1]

INTRODUCTION = """\
# Boards

What a learner takes on each board, and how fast it is there. `make boards` writes this page; it
builds every bitstream with the open tools from the Python package index, which takes about half an
hour the first time.

The digits trainer is the folded engine of `examples/digits.py`: 64 inputs, 32 hidden units and 10
outputs in 16-bit numbers, on eight multipliers, or on four where multipliers are made of logic. The
adaptive filter is `examples/lms.py`, a circuit for each operation behind a delay line. Where
multipliers are made of logic they take turns on one, and the host sends the last samples. Both come
with the serial port and the link of `docs/protocol.md`. Samples a second are those of the core at
the board's own clock, each of them learned from; over the serial line they are fewer.

"""

NOTES = """
- No bitstream of this table has met a board yet: all that is said here comes from the tools.
- The clock that is reached is nextpnr's estimate. It leaves out the delay of Gowin's multipliers,
  so that for those boards no figure stands here. Where a pipeline is made for a clock on Gowin,
  what its multipliers take is a guess.
- What synthesis makes of a learner and its link has been simulated for iCEBreaker and ULX3S,
  cell by cell, with the models of the cells that come with Yosys. It has none for the block RAM and
  the multiplier of ECP5: what these do is written by hand in `sim/ecp5_blocks.v`, so that of them
  the wiring is tested and not the silicon.
- The OrangeCrab's USB connector goes straight to its FPGA. The serial port is on the pins that the
  board calls 0 (received) and 1 (sent).
- The pins of the Tang Nano 20K are those of its schematic as published.
- Bitstreams for the Arty A7 come from Vivado: `catgrad build FILE --board arty_a7` writes the
  Verilog, the constraints and the script, and `vivado -mode batch -source NAME.tcl` in their folder
  makes the bitstream.

A board of your own is one short file: copy `boards/icebreaker.py`, say what your FPGA holds, and
add its name to `boards.BOARDS`. `catgrad boards` lists what there is, and `catgrad program` loads a
build.
"""


def row(board: Board, title: str, report: BuildReport) -> list[str]:
    """A line of the table."""
    if report.uses:
        uses = [f"{use.used:,} of {use.available:,}" for use in report.uses]
        reached = {clock.fmax_mhz for clock in report.clocks}
        slowest = None if None in reached else min(value for value in reached if value is not None)
        clock = "not known" if slowest is None else f"{slowest:.1f} MHz"
        kind = board.family.bitstream
    else:
        uses, clock, kind = ["Vivado counts"] * len(board.capacity), "Vivado finds", "tcl"
    return [
        f"{board.title} ({board.device})",
        title,
        *uses,
        clock,
        f"{board.clock_hz / 1e6:g} MHz",
        f"{report.samples_per_second:,.0f}",
        f"`{Path(report.file(f'.{kind}')).name}`",
    ]


def markdown(rows: Sequence[Sequence[str]], resources: Sequence[str]) -> str:
    """A table."""
    headings = ["board", "learner", *resources]
    headings += ["clock reached", "board's clock", "samples/s", "file"]
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> int:
    """Build for all boards, or for those that are named; then the page, if it was all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("boards", nargs="*", help="only these, and leave the page as it is")
    arguments = parser.parse_args()
    names = arguments.boards or boards.BOARDS
    rows = []
    try:
        for name in names:
            board = boards.get(name)
            for example, title in EXAMPLES.items():
                print(f"{title} for the {board.title} ...", flush=True)
                report = build_example(name, example, Path("build/boards") / name)
                print(report, flush=True)
                rows.append(row(board, title, report))
    except CatgradError as error:
        print(error, file=sys.stderr)
        return 1
    if not arguments.boards:
        table = markdown(rows, list(boards.get(names[0]).capacity))
        publish(ROOT / "docs" / "boards.md", INTRODUCTION + table + NOTES)
    return 0


if __name__ == "__main__":
    sys.exit(main())

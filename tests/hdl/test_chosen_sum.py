"""Sums that can be another number: as they behave, and in the cells of ECP5 by Yosys's models."""

from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from catgrad.circuit import Format
from catgrad.hdl.chosen_sum import HALF_CELL, chosen_sum
from catgrad.hdl.multiplier import Family
from catgrad.hdl.verilog import verilog

SHARE = Path(find_spec("pyosys").origin).with_name("share")

BENCH = """
module bench;
  reg signed [WIDTH-1:0] stream[0:4*COUNT-1], a, b, adds, other;
  wire signed [WIDTH-1:0] total;
  chosen dut(.a(a), .b(b), .adds(adds[0]), .other(other), .total(total));
  integer i;
  initial begin
    $readmemh("stream.hex", stream);
    for (i = 0; i < COUNT; i = i + 1) begin
      {a, b, adds, other} = {stream[4*i], stream[4*i+1], stream[4*i+2], stream[4*i+3]};
      #1 $display("%0d", total);
    end
  end
endmodule
"""


class Chosen(wiring.Component):
    """A sum of numbers of so many bits, in one bit more."""

    def __init__(self, width: int, family: Family | None) -> None:
        self._format, self._family = Format(width + 1, True), family
        super().__init__(
            {
                "a": In(signed(width)),
                "b": In(signed(width)),
                "adds": In(1),
                "other": In(signed(width + 1)),
                "total": Out(signed(width + 1)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        operands = self.a, self.b, self.adds, self.other
        total = chosen_sum(m, "sum", *operands, self._format, self._family)
        m.d.comb += self.total.eq(total)
        return m


def ecp5_models() -> str:
    names = ["common_sim.vh", "ccu2c_sim.vh"]
    models = "\n".join((SHARE / "ecp5" / name).read_text() for name in names)
    # Icarus knows neither an $error outside of processes nor delays of what is a memory.
    models = re.sub(r"`include .*|\$error.*", "", models)
    return re.sub(r"specify.*?endspecify", "", models, flags=re.DOTALL)


@pytest.mark.parametrize("family", [None, "ecp5"])
@pytest.mark.parametrize("width", [2, 3, 8, 24])
def test_it_is_the_sum_or_the_other_number(
    width: int, family: Family | None, tmp_path: Path
) -> None:
    rng = np.random.default_rng(width)
    least, greatest = -(1 << width - 1), (1 << width - 1) - 1
    rows = []
    for number in range(200):
        a, b = (int(rng.choice([least, greatest, *rng.integers(least, greatest, 3)])) for _ in "ab")
        adds = number % 2
        other = int(rng.integers(2 * least, 2 * greatest))
        rows.append((a, b if adds else 0, adds, other))
    (tmp_path / "chosen.v").write_text(verilog(Chosen(width, family), "chosen"))
    (tmp_path / "models.v").write_text(ecp5_models())
    mask = (1 << width + 1) - 1
    (tmp_path / "stream.hex").write_text("".join(f"{v & mask:x}\n" for row in rows for v in row))
    sources = ["bench.v", "chosen.v", "models.v"]
    text = BENCH.replace("WIDTH", str(width + 1)).replace("COUNT", str(len(rows)))
    (tmp_path / "bench.v").write_text(text)
    command = ["iverilog", "-g2012", "-s", "bench", "-o", "bench", *sources]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert [int(line) for line in done.stdout.split()] == [
        a + b if adds else other for a, b, adds, other in rows
    ]


def test_half_a_cell() -> None:
    """What it shows before the carry, and its carry out, from the manual's equations."""
    for a, b, c, d, carry in product((0, 1), repeat=5):
        shown = HALF_CELL >> (a + 2 * b + 4 * c + 8 * d) & 1
        carry_out = carry if shown else HALF_CELL >> (a + 2 * b) & 1
        if c:
            assert (shown ^ carry) + 2 * carry_out == a + b + carry
        elif b == carry == 0:
            assert (shown, carry_out) == (d, 0)

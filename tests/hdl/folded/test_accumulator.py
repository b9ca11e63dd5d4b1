"""Accumulators against sums, by formula and as cells of an ECP5."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator, SimulatorContext

from catgrad.hdl.folded.accumulator import accumulator
from catgrad.hdl.multiplier import Family
from catgrad.hdl.verilog import verilog

NUMBER = 8

BENCH = """
module bench;
  reg clk = 0, rst = 0, first;
  reg signed [7:0] number;
  wire signed [63:0] sum;
  top top(.clk(clk), .rst(rst), .number(number), .first(first), .sum(sum));
  reg [8:0] stream[0:COUNT-1];
  integer i;
  initial begin
    $readmemh("stream.hex", stream);
    for (i = 0; i < COUNT; i = i + 1) begin
      {first, number} = stream[i];
      #1 clk = 1; #1 clk = 0;
      #1 $display("%0d", sum);
    end
  end
endmodule
"""

TABLES = """
module LUT4(input A, B, C, D, output Z);
  parameter [15:0] INIT = 0;
  assign Z = INIT[{D, C, B, A}];
endmodule
module LUT2(input A, B, output Z);
  parameter [3:0] INIT = 0;
  assign Z = INIT[{B, A}];
endmodule
"""


class Summing(wiring.Component):
    """An accumulator with ports."""

    def __init__(self, width: int, family: Family | None) -> None:
        self._width, self._family = width, family
        members = {"number": In(signed(NUMBER)), "first": In(1), "sum": Out(signed(64))}
        super().__init__(members)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        total = accumulator(m, "it", self.number, self._width, self.first, self._family)
        m.d.comb += self.sum.eq(total)
        return m


def stream(length: int) -> list[tuple[int, bool]]:
    """Numbers, and whether they are the first of a sum."""
    rng = np.random.default_rng(0)
    numbers = rng.integers(-(1 << NUMBER - 1), 1 << NUMBER - 1, length).tolist()
    firsts = rng.random(length) < 0.2
    firsts[0] = True
    return list(zip(numbers, firsts.tolist(), strict=True))


def sums(numbers: list[tuple[int, bool]], width: int) -> list[int]:
    """What the accumulator holds after each of them."""
    total, result = 0, []
    for number, first in numbers:
        total = number if first else total + number
        half = 1 << width - 1
        result.append((total + half) % (2 * half) - half)
    return result


@pytest.mark.parametrize("width", [9, 12])
def test_numbers_add_up(width: int) -> None:
    numbers, seen = stream(300), []
    component = Summing(width, None)

    async def testbench(ctx: SimulatorContext) -> None:
        for number, first in numbers:
            ctx.set(component.number, number)
            ctx.set(component.first, first)
            await ctx.tick()
            seen.append(ctx.get(component.sum))

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen == sums(numbers, width)


@pytest.mark.parametrize("width", [9, 12])
def test_numbers_add_up_in_the_carry_chain_of_an_ecp5(width: int, tmp_path: Path) -> None:
    numbers = stream(300)
    found = find_spec("pyosys")
    assert found is not None
    assert found.submodule_search_locations is not None
    chain = Path(found.submodule_search_locations[0]) / "share/ecp5/ccu2c_sim.vh"
    (tmp_path / "models.v").write_text(TABLES + chain.read_text())
    (tmp_path / "top.v").write_text(verilog(Summing(width, "ecp5"), "top"))
    (tmp_path / "bench.v").write_text(BENCH.replace("COUNT", str(len(numbers))))
    codes = [(first << 8) + number % 256 for number, first in numbers]
    (tmp_path / "stream.hex").write_text("\n".join(f"{code:x}" for code in codes))
    command = ["iverilog", "-g2012", "-s", "bench", "-o", "bench", "models.v", "top.v", "bench.v"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert [int(line) for line in done.stdout.split()] == sums(numbers, width)

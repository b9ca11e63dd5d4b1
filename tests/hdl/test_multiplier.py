"""A multiplier gives the exact product after its latency, behaviour and blocks alike."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from boards import yosys
from catgrad.errors import CatgradError
from catgrad.hdl.multiplier import Family, Held, Multiplier
from catgrad.hdl.verilog import verilog
from sim import cell_models

SHARE = Path(find_spec("pyosys").origin).with_name("share")


def operands(a_width: int, b_width: int, seed: int, cycles: int) -> list[tuple[int, int]]:
    """Random operands, the limits of their formats among them."""
    rng = np.random.default_rng(seed)
    columns = []
    for width in (a_width, b_width):
        least, greatest = -(1 << (width - 1)), (1 << (width - 1)) - 1
        column = rng.integers(least, greatest, size=cycles, endpoint=True)
        column[rng.random(cycles) < 0.2] = least
        column[rng.random(cycles) < 0.2] = greatest
        columns.append(column.tolist())
    return list(zip(*columns, strict=True))


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([2, 3]), st.integers(0, 2**32))
@settings(max_examples=20)
def test_the_product_comes_after_the_latency(
    a_width: int, b_width: int, latency: int, seed: int
) -> None:
    multiplier = Multiplier(a_width, b_width, latency=latency)
    stream = operands(a_width, b_width, seed, 20)
    seen = []

    async def testbench(ctx: SimulatorContext) -> None:
        for a, b in [*stream, *[(0, 0)] * latency]:
            ctx.set(multiplier.a, a)
            ctx.set(multiplier.b, b)
            seen.append(ctx.get(multiplier.product))
            await ctx.tick()

    simulator = Simulator(multiplier)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen == [0] * latency + [a * b for a, b in stream]


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32))
@settings(max_examples=10)
def test_without_registers_the_product_is_there_at_once(
    a_width: int, b_width: int, seed: int
) -> None:
    multiplier = Multiplier(a_width, b_width, latency=0)

    async def testbench(ctx: SimulatorContext) -> None:
        for a, b in operands(a_width, b_width, seed, 20):
            ctx.set(multiplier.a, a)
            ctx.set(multiplier.b, b)
            assert ctx.get(multiplier.product) == a * b

    simulator = Simulator(multiplier)
    simulator.add_testbench(testbench)
    simulator.run()


def gowin_models() -> str:
    """A multiplier as Gowin's UG287 has it: Yosys knows only its ports and parameters."""
    ports = (SHARE / "gowin/cells_xtra_gw1n.v").read_text()
    block = re.search(r"module MULT18X18\(.*?endmodule", ports, re.DOTALL)[0]
    behaviour = """
  wire signed [18:0] a = {ASIGN & A[17], ASEL ? SIA : A};
  wire signed [18:0] b = {BSIGN & B[17], BSEL ? SIB : B};
  reg signed [18:0] a_held, b_held;
  wire signed [18:0] a_now = AREG ? a_held : a;
  wire signed [18:0] b_now = BREG ? b_held : b;
  wire signed [36:0] product = a_now * b_now;
  reg signed [36:0] middle_held, product_held;
  wire signed [36:0] middle = PIPE_REG ? middle_held : product;
  assign DOUT = OUT_REG ? product_held : middle;
  always @(posedge CLK)
    if (RESET) {a_held, b_held, middle_held, product_held} <= 0;
    else if (CE) begin
      a_held <= a;
      b_held <= b;
      middle_held <= product;
      product_held <= middle;
    end
endmodule
module VCC(output V);
  assign V = 1;
endmodule
module GND(output G);
  assign G = 0;
endmodule
"""
    return block.removesuffix("endmodule") + behaviour


MODELS: dict[Family, Callable[[], str]] = {
    "ice40": cell_models.ice40,
    "ecp5": cell_models.ecp5,
    "gowin": gowin_models,
}

SYNTHESIS: dict[Family, str] = {
    "ice40": "synth_ice40",
    "ecp5": "synth_ecp5",
    "gowin": "synth_gowin -noiopads",
}

BENCH = """
module bench;
  reg clk = 0, rst = 1;
  reg signed [AW-1:0] a = 0;
  reg signed [BW-1:0] b = 0;
  wire signed [AW+BW-1:0] product;
  multiplier multiplier(.clk(clk), .rst(rst), .a(a), .b(b), .product(product));
  reg [63:0] stream[0:2*COUNT-1];
  integer i;
  initial begin
    $readmemh("operands.hex", stream);
    repeat (2) begin #1 clk = 1; #1 clk = 0; end
    rst = 0;
    for (i = 0; i < COUNT; i = i + 1) begin
      a = stream[2*i];
      b = stream[2*i+1];
      #1 $display("%0d", product);
      clk = 1; #1 clk = 0;
    end
  end
endmodule
"""


PLAIN: list[tuple[Family, int, int]] = [
    ("ice40", 16, 16),
    ("ice40", 9, 12),
    ("ecp5", 18, 18),
    ("ecp5", 16, 13),
    ("gowin", 18, 18),
    ("gowin", 16, 13),
]


@pytest.mark.parametrize(
    ("family", "a_width", "b_width", "constant", "latency"),
    [
        *((*block, 0, latency) for block in PLAIN for latency in (0, 2, 3)),
        *(("ice40", 16, 16, 1 << 15, latency) for latency in (2, 3)),
        *(("ice40", 16, 12, 1 << 20, latency) for latency in (2, 3)),
    ],
)
def test_the_block_is_the_multiplier(
    family: Family, a_width: int, b_width: int, constant: int, latency: int, tmp_path: Path
) -> None:
    """After synthesis, in Icarus Verilog; a constant is added where a is odd."""
    multiplier = Multiplier(a_width, b_width, family, latency, constant)
    assert multiplier.fits
    (tmp_path / "multiplier.v").write_text(verilog(multiplier, "multiplier"))
    synthesis = f"read_verilog multiplier.v; {SYNTHESIS[family]} -top multiplier"
    logic = "t:SB_LUT4 t:LUT* t:TRELLIS_FF" + " t:*DFF*" * (not constant or latency == 2)
    commands = f"{synthesis}; select -assert-none {logic}"
    commands += "; write_verilog -noattr netlist.v"
    subprocess.run([sys.executable, yosys.__file__, "-q", "-p", commands], cwd=tmp_path, check=True)

    stream = operands(a_width, b_width, 1, 300)
    mask = (1 << 64) - 1
    numbers = [f"{number & mask:x}\n" for pair in stream for number in pair]
    (tmp_path / "operands.hex").write_text("".join(numbers))
    rounds = ".rounds(a[0]), " if constant else ""
    (tmp_path / "bench.v").write_text(BENCH.replace(".a(a)", f"{rounds}.a(a)"))
    (tmp_path / "models.v").write_text(MODELS[family]())
    defines = {"AW": a_width, "BW": b_width, "COUNT": len(stream)}
    bench = (tmp_path / "bench.v").read_text()
    for name, value in defines.items():
        bench = re.sub(rf"\b{name}\b", str(value), bench)
    (tmp_path / "bench.v").write_text(bench)
    sources = ["models.v", "netlist.v", "bench.v"]
    subprocess.run(
        ["iverilog", "-g2012", "-s", "bench", "-o", "bench", *sources], cwd=tmp_path, check=True
    )
    done = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    products = [a * b + constant * (a % 2) for a, b in stream[: len(stream) - latency]]
    assert [int(line) for line in done.stdout.split()] == [0] * latency + products


HOLDING_BENCH = """
module bench;
  reg clk = 0, rst = 1, enable = 0;
  reg signed [11:0] a = 0;
  reg signed [9:0] b = 0;
  wire signed [21:0] found, wanted;
  block block(.clk(clk), .rst(rst), .enable(enable), .a(a), .b(b), .product(found));
  plain plain(.clk(clk), .rst(rst), .enable(enable), .a(a), .b(b), .product(wanted));
  integer i;
  initial begin
    repeat (2) begin #1 clk = 1; #1 clk = 0; end
    for (i = 0; i < 300; i = i + 1) begin
      {a, b, enable} = {$random, $random};
      rst = i % 50 == 49;
      #1 clk = 1; #1 clk = 0;
      #1 $display("%b %b", found, wanted);
    end
  end
endmodule
"""


@pytest.mark.parametrize("holds", ["operands", "product"])
@pytest.mark.parametrize("family", MODELS)
def test_a_block_holds_what_a_plain_multiplier_does(
    family: Family, holds: Held, tmp_path: Path
) -> None:
    """With resets in the middle, and enabled in every second cycle or so."""
    block = Multiplier(12, 10, family, holds=holds)
    assert block.fits
    (tmp_path / "block.v").write_text(verilog(block, "block"))
    (tmp_path / "plain.v").write_text(verilog(Multiplier(12, 10, holds=holds), "plain"))
    (tmp_path / "models.v").write_text(MODELS[family]())
    (tmp_path / "bench.v").write_text(HOLDING_BENCH)
    sources = ["models.v", "block.v", "plain.v", "bench.v"]
    subprocess.run(
        ["iverilog", "-g2012", "-s", "bench", "-o", "bench", *sources], cwd=tmp_path, check=True
    )
    done = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found, wanted = zip(*(line.split() for line in done.stdout.splitlines()), strict=True)
    assert found == wanted
    assert len(set(wanted)) > 100


def test_what_does_not_fit_is_left_to_synthesis() -> None:
    assert not Multiplier(17, 16, "ice40").fits
    assert not Multiplier(16, 19, "ecp5").fits
    assert not Multiplier(19, 16, "gowin").fits
    assert not Multiplier(16, 16).fits
    assert Multiplier(18, 18, "ecp5").fits


@pytest.mark.parametrize("latency", [2, 3])
def test_a_constant_is_added_where_it_is_wanted(latency: int) -> None:
    multiplier = Multiplier(9, 7, latency=latency, constant=1 << 13)
    rng = np.random.default_rng(2)
    stream = [(a, b, int(rng.integers(2))) for a, b in operands(9, 7, 3, 50)]
    stream += [(-256, -64, 1), (-256, 63, 1), (0, 0, 0), (0, 0, 0), (0, 0, 0)]
    seen = []

    async def testbench(ctx: SimulatorContext) -> None:
        for a, b, rounds in stream:
            ctx.set(multiplier.a, a)
            ctx.set(multiplier.b, b)
            ctx.set(multiplier.rounds, rounds)
            seen.append(ctx.get(multiplier.product))
            await ctx.tick()

    simulator = Simulator(multiplier)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    expected = [a * b + (rounds << 13) for a, b, rounds in stream[:-latency]]
    assert seen == [0] * latency + expected


def test_constants_that_no_multiplier_adds_are_refused() -> None:
    with pytest.raises(CatgradError) as caught:
        Multiplier(8, 8, constant=1 << 14)
    assert str(caught.value) == (
        "The constant 16384 does not fit beside the product of 8 and 8 bits; give one from 0 to "
        "16383."
    )
    names: dict[Family, str] = {"ecp5": "ECP5", "gowin": "Gowin"}
    for family, name in names.items():
        with pytest.raises(CatgradError) as caught:
            Multiplier(8, 8, family, constant=1)
        assert str(caught.value) == (
            f"The multiplier block of {name} has no adder for a constant; add it to the product."
        )


def test_another_latency_is_refused() -> None:
    with pytest.raises(CatgradError) as caught:
        Multiplier(16, 16, latency=0, constant=1)
    assert str(caught.value) == (
        "A multiplication of 0 cycles adds no constant; add it to the product."
    )
    with pytest.raises(CatgradError) as caught:
        Multiplier(16, 16, latency=4)
    assert str(caught.value) == (
        "A multiplication takes 2 or 3 cycles, or 0 without registers, not 4; choose one of these."
    )

"""The blocks whose models are written by hand do what synthesis takes them for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from boards import yosys
from catgrad.hdl.verilog import verilog
from sim import cell_models


class Store(wiring.Component):
    """A memory with a port to write, in parts if there are several, and a port to read."""

    def __init__(self, width: int, depth: int, parts: int) -> None:
        self.width, self.depth, self.parts = width, depth, parts
        address = (depth - 1).bit_length()
        super().__init__(
            {
                "enable": In(parts),
                "into": In(address),
                "data": In(width),
                "reads": In(1),
                "place": In(address),
                "value": Out(width),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        random = np.random.default_rng(1)
        init = [int.from_bytes(random.bytes(5)) % (1 << self.width) for _ in range(self.depth)]
        m.submodules.memory = memory = Memory(shape=self.width, depth=self.depth, init=init)
        write = memory.write_port(granularity=self.width // self.parts)
        read = memory.read_port()
        m.d.comb += [
            write.en.eq(self.enable),
            write.addr.eq(self.into),
            write.data.eq(self.data),
            read.en.eq(self.reads),
            read.addr.eq(self.place),
            self.value.eq(read.data),
        ]
        return m


BENCH = """
module bench;
  localparam WIDTH = `WIDTH, ADDRESS = `ADDRESS, PARTS = `PARTS;
  reg clk = 0, rst = 0, reads;
  reg [PARTS-1:0] enable;
  reg [ADDRESS-1:0] into, place;
  reg [WIDTH-1:0] data;
  wire [WIDTH-1:0] found, wanted;
  cells cells(.clk(clk), .rst(rst), .enable(enable), .into(into), .data(data), .reads(reads),
    .place(place), .value(found));
  plain plain(.clk(clk), .rst(rst), .enable(enable), .into(into), .data(data), .reads(reads),
    .place(place), .value(wanted));
  integer i;
  initial for (i = 0; i < 4000; i = i + 1) begin
    {enable, data, reads} = {$random, $random, $random};
    // Half of the addresses are few, so that ports meet, and what is written is read.
    into = $random; if (i & 1) into = into & {ADDRESS{1'b1}} << ADDRESS - 2;
    place = $random; if (i & 2) place = place & {ADDRESS{1'b1}} << ADDRESS - 2;
    #1 clk = 1; #1 clk = 0;
    #1 $display("%h %h", found, wanted);
  end
endmodule
"""

SIZES = [(9, 1), (1, 1), (2, 1), (4, 1), (18, 2), (36, 4)]


@pytest.mark.parametrize(
    ("width", "parts"),
    [pytest.param(*size, marks=[pytest.mark.slow] * (i > 0)) for i, size in enumerate(SIZES)],
)
def test_a_memory_of_ecp5(width: int, parts: int, tmp_path: Path) -> None:
    """After synthesis, in words as wide as the block knows them."""
    depth = (18432 if width >= 9 else 16384) // width
    store = Store(width, depth, parts)
    for name in ("cells", "plain"):
        (tmp_path / f"{name}.v").write_text(verilog(store, name))
    commands = (
        "read_verilog cells.v; synth_ecp5 -top cells; select -assert-count 1 t:DP16KD; "
        "write_verilog -noattr cells.v"
    )
    subprocess.run([sys.executable, yosys.__file__, "-q", "-p", commands], cwd=tmp_path, check=True)
    (tmp_path / "models.v").write_text(cell_models.ecp5())
    (tmp_path / "bench.v").write_text(BENCH)
    sizes = {"WIDTH": width, "ADDRESS": (depth - 1).bit_length(), "PARTS": parts}
    options = ["-g2012", "-s", "bench", *(f"-D{name}={value}" for name, value in sizes.items())]
    sources = ["models.v", "cells.v", "plain.v", "bench.v"]
    subprocess.run(["iverilog", *options, "-o", "bench", *sources], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found, wanted = zip(*(line.split() for line in done.stdout.splitlines()), strict=True)
    assert found == wanted
    assert len(set(wanted)) > min(400, 2**width - 1)

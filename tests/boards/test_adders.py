"""Carry chains of ECP5 and iCE40: what `boards/adders.v` makes of them, by Yosys's models."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from boards import yosys
from boards.board import ADDERS_FILE, ECP5, ICE40, Family

SHARE = Path(find_spec("pyosys").origin).with_name("share")
WIDTHS = (2, 5, 8, 9, 24)
COUNT = 200

DESIGN = "module learner(input signed [23:0] a, b, output [{bits}:0] y);\n{wires}\nendmodule\n"

BENCH = """
module bench;
  reg signed [23:0] a, b;
  wire [BITS:0] found, wanted;
  learner learner(.a(a), .b(b), .y(found));
  meant meant(.a(a), .b(b), .y(wanted));
  integer i;
  initial begin
    for (i = 0; i < COUNT; i = i + 1) begin
      {a, b} = {$random, $random};
      if (i % 4 == 0) a = i % 8 ? -1 : 0;
      if (i % 6 == 0) b = i % 12 ? 24'h800000 : -1;
      #1 $display("%0d %b", found === wanted, wanted);
    end
  end
endmodule
"""


def sums() -> tuple[str, int]:
    """Sums and differences of several widths, signed and not, and how many bits they have."""
    wires, bits = [], 0
    for width in WIDTHS:
        for sign, op in (("signed", "+"), ("signed", "-"), ("", "+"), ("", "-")):
            name = f"y_{bits}"
            a, b = f"a_{bits}", f"b_{bits}"
            wires.append(
                f"  wire {sign} [{width - 1}:0] {a} = a[{width - 1}:0], {b} = b[{width - 1}:0];\n"
                f"  wire {sign} [{width}:0] {name} = {a} {op} {b};\n"
                f"  assign y[{bits + width}:{bits}] = {name};"
            )
            bits += width + 1
    return "\n".join(wires), bits


def unequal_differences() -> tuple[str, int]:
    """Differences of a narrow number and a wide one, signed, not, and one of each."""
    wires, bits = [], 0
    for a_sign, b_sign in (("signed", "signed"), ("", ""), ("signed", ""), ("", "signed")):
        a, b, y = f"a_{bits}", f"b_{bits}", f"y_{bits}"
        wires.append(
            f"  wire {a_sign} [6:0] {a} = a[6:0];\n"
            f"  wire {b_sign} [10:0] {b} = b[10:0];\n"
            f"  wire [12:0] {y} = {a} - {b};\n"
            f"  assign y[{bits + 12}:{bits}] = {y};"
        )
        bits += 13
    return "\n".join(wires), bits


def models() -> str:
    names = ["common_sim.vh", "ccu2c_sim.vh", "cells_sim.v"]
    text = "\n".join((SHARE / "ecp5" / name).read_text() for name in names)
    # Icarus 11 does not know an $error outside of processes.
    return re.sub(r"`include .*|\$error.*", "", text)


def synthesised(text: str, family: Family, synthesis: str, directory: Path) -> list[dict[str, Any]]:
    """The cells of a Verilog module `learner`; their netlist is in ``netlist.v`` too."""
    (directory / "design.v").write_text(text)
    (directory / ADDERS_FILE.name).write_text(ADDERS_FILE.read_text())
    (directory / "synth.ys").write_text(
        f"read_verilog -sv design.v\nhierarchy -top learner\n{family.before_synthesis}\n"
        f"{synthesis} -top learner\n{family.after_synthesis}\n"
        "write_json netlist.json\nwrite_verilog -noattr netlist.v\n"
    )
    command = [sys.executable, yosys.__file__, "-q", "synth.ys"]
    subprocess.run(command, cwd=directory, check=True)
    module = json.loads((directory / "netlist.json").read_text())["modules"]["learner"]
    return list(module["cells"].values())


def check(design: str, bits: int, directory: Path) -> None:
    """That the netlist in a directory computes what its source says, in ECP5's cells."""
    netlist = (directory / "netlist.v").read_text().replace(".COUT(1'hx)", ".COUT()")
    (directory / "netlist.v").write_text(netlist)
    (directory / "meant.v").write_text(design.replace("module learner", "module meant"))
    (directory / "models.v").write_text(models())
    bench = BENCH.replace("BITS", str(bits - 1)).replace("COUNT", str(COUNT))
    (directory / "bench.v").write_text(bench)
    sources = ["bench.v", "netlist.v", "meant.v", "models.v"]
    compile_ = ["iverilog", "-g2012", "-s", "bench", "-o", "bench", *sources]
    subprocess.run(compile_, cwd=directory, check=True)
    done = subprocess.run(
        ["vvp", "-n", "bench"], cwd=directory, capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len({wanted for _, wanted in lines}) > COUNT // 2
    assert all(agree == "1" for agree, _ in lines)


def test_chains_add_and_are_open_at_both_ends(tmp_path: Path) -> None:
    wires, bits = sums()
    design = DESIGN.format(bits=bits - 1, wires=wires)
    cells = synthesised(design, ECP5, "synth_ecp5", tmp_path)
    chains = [cell for cell in cells if cell["type"] == "CCU2C"]
    wide = 4 * sum(width + 1 > 4 for width in WIDTHS)
    for port in ("CIN", "COUT"):
        assert sum(cell["connections"][port] == ["x"] for cell in chains) == wide, port
    # A carry of its own, and two bits in each cell.
    assert len(chains) == 4 * sum((width + 1) // 2 + 1 for width in WIDTHS if width + 1 > 4)
    check(design, bits, tmp_path)


def test_operands_of_unequal_widths(tmp_path: Path) -> None:
    wires, bits = unequal_differences()
    design = DESIGN.format(bits=bits - 1, wires=wires)
    assert any(c["type"] == "CCU2C" for c in synthesised(design, ECP5, "synth_ecp5", tmp_path))
    check(design, bits, tmp_path)


CARRIES = """
module learner(input clk, input [7:0] a, b, input [1:0] s,
               output reg [7:0] y, z, output reg first, second, gated);
  wire [8:0] t = a + b;
  wire [8:0] u = a + {b[0], b[7:1]};
  wire [8:0] v = a + {b[1:0], b[7:2]};
  always @(posedge clk) begin
    {first, y} <= t;
    {second, z} <= u;
    gated <= v[8] & s[0] | s[1];
  end
endmodule
"""


def test_carries_that_only_registers_take_pass_a_table(tmp_path: Path) -> None:
    """Those of an iCE40: each is in one cell with its register. A gate takes a carry itself."""
    cells = synthesised(CARRIES, ICE40, "synth_ice40 -dsp", tmp_path)
    through = [
        cell
        for cell in cells
        if cell["type"] == "SB_LUT4" and int(cell["parameters"]["LUT_INIT"], 2) == 0xFF00
    ]
    assert len(through) == 2
    driven = {cell["connections"]["D"][0] for cell in cells if cell["type"].startswith("SB_DFF")}
    carries = {cell["connections"]["CO"][0] for cell in cells if cell["type"] == "SB_CARRY"}
    assert {cell["connections"]["O"][0] for cell in through} <= driven
    assert {cell["connections"]["I3"][0] for cell in through} <= carries
    assert not driven & carries

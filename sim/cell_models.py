"""What the cells of an FPGA do, family by family, in Verilog that Icarus 11 reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

ECP5_BLOCKS = Path(__file__).with_name("ecp5_blocks.v")


def ice40() -> str:
    """The cells of an iCE40, as Yosys has them."""
    # Icarus cannot read how the levels of inputs are written that nothing is connected to.
    return "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n" + _yosys("ice40/cells_sim.v")


def ecp5() -> str:
    """The cells of an ECP5, as Yosys has them, but for the block RAM and the multiplier.

    Of these two Yosys has the ports alone, so that their outputs would float
    (https://github.com/YosysHQ/yosys/issues/1358). What is in them is in `ecp5_blocks.v`.
    """
    names = ("common_sim.vh", "ccu2c_sim.vh", "cells_sim.v")
    # Icarus does not know an $error outside of processes.
    cells = re.sub(r"`include .*|\$error.*", "", "\n".join(_yosys(f"ecp5/{n}") for n in names))
    memory = _module("DP16KD", cells)
    others = _yosys("ecp5/cells_bb.v")
    return "\n".join(
        [
            ECP5_BLOCKS.read_text(),
            cells.replace(memory, _filled(memory, MEMORY)),
            _filled(_module("MULT18X18D", others), MULTIPLIER),
            _module("SGSR", others),
        ]
    )


def netlist(text: str) -> str:
    """Cells that Yosys wrote, as Icarus reads them."""
    # What a chain of carries leaves open is an x, which Verilog does not allow an output to be.
    return text.replace(".COUT(1'hx)", ".COUT()")


def _yosys(file: str) -> str:
    """A file of the share folder that comes with Yosys."""
    package = find_spec("pyosys")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).with_name("share").joinpath(file).read_text()


def _module(name: str, text: str) -> str:
    found = re.search(rf"^module {name}\(.*?^endmodule\n", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]


def _filled(module: str, block: str) -> str:
    """A module that has ports and parameters alone, with something in it."""
    return module.removesuffix("endmodule\n") + block + "endmodule\n"


def _vector(bits: Iterable[str]) -> str:
    """Bits from the lowest up, as one vector."""
    return "{" + ", ".join(reversed([*bits])) + "}"


def _pins(**widths: int) -> str:
    """Connects ports that are vectors to pins of one bit each, as in A17 to A0."""
    return ", ".join(
        f".{port}({_vector(f'{port}{i}' for i in range(width))})" for port, width in widths.items()
    )


MEMORY = f"""
  ecp5_memory #(
    .DATA_WIDTH_A(DATA_WIDTH_A), .DATA_WIDTH_B(DATA_WIDTH_B),
    .WRITEMODE_A(WRITEMODE_A), .WRITEMODE_B(WRITEMODE_B),
    .INITIAL({_vector(f"INITVAL_{i:02X}" for i in range(64))})
  ) block (
    .CLKA(CLKA), .CEA(CEA), .WEA(WEA), .RSTA(RSTA),
    .CLKB(CLKB), .CEB(CEB), .WEB(WEB), .RSTB(RSTB),
    {_pins(ADA=14, DIA=18, DOA=18, ADB=14, DIB=18, DOB=18)}
  );
"""

MULTIPLIER = f"""
  ecp5_multiplier #(
    .REG_INPUTA_CLK(REG_INPUTA_CLK), .REG_INPUTB_CLK(REG_INPUTB_CLK),
    .REG_PIPELINE_CLK(REG_PIPELINE_CLK), .REG_OUTPUT_CLK(REG_OUTPUT_CLK)
  ) block (
    .CLK0(CLK0), .CE0(CE0), .RST0(RST0), .SIGNEDA(SIGNEDA), .SIGNEDB(SIGNEDB),
    {_pins(A=18, B=18, P=36)}
  );
"""

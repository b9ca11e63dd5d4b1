"""The files of an exported core."""

from __future__ import annotations

from catgrad.export.bench import bench
from catgrad.export.cocotb_bench import cocotb_bench
from catgrad.export.description import Description
from catgrad.export.manifest import manifest
from catgrad.export.readme import readme
from catgrad.export.registers import header, register_page
from catgrad.export.verilog import core_verilog, simulated_verilog


def files(core: Description) -> dict[str, str]:
    """The texts of an exported core, by the names of their files.

    They depend on nothing but the description: no date, no path, no tool that the machine has.
    """
    name = core.name
    texts = {
        f"{name}.v": core_verilog(core),
        f"{name}_tb.v": bench(core),
        f"test_{name}.py": cocotb_bench(core),
        "reference.py": core.reference,
        f"{name}.core": manifest(core),
        "README.md": readme(core),
    }
    if core.without_blocks is not None:
        texts[core.simulated] = simulated_verilog(core)
    if core.options.registers is not None:
        texts[f"{name}_registers.md"] = register_page(core)
        texts[f"{name}.h"] = header(core)
    return texts

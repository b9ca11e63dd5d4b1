"""The Verilog of a core, with what its reader wants to know at the top."""

from __future__ import annotations

import re
from collections.abc import Mapping

from catgrad.export.description import Array, Description
from catgrad.hdl.bus.map import register_address
from catgrad.hdl.verilog import verilog


def core_verilog(core: Description) -> str:
    """The text of `<name>.v`."""
    return _commented(core, core.text, header_lines(core))


def simulated_verilog(core: Description) -> str:
    """The text of `<name>_sim.v`, of a core that names blocks of an FPGA."""
    note = f"For simulators: without the blocks of {core.family} that {core.name}.v names."
    other = core.without_blocks
    text = verilog(other if core.options.plain else core.core(other), core.name)
    return _commented(core, text, [note, "", *header_lines(core)])


def _commented(core: Description, text: str, lines: list[str]) -> str:
    return comment([*lines, "", *operation_lines(core)]) + annotated(text, core.origins)


def operation_lines(core: Description) -> list[str]:
    """What the circuit was made of."""
    named = ["Wires below that are one of these variables, or lead towards one, say so:"]
    return [
        "It computes, as reference.py does.",
        *(named if core.origins else []),
        *(f"  {line}" for line in core.operations),
    ]


def annotated(text: str, origins: Mapping[str, str]) -> str:
    """Verilog with a comment behind each wire and register that has an origin."""

    def say(found: re.Match[str]) -> str:
        origin = origins.get(found["name"] or found["register"])
        return f"{found[0]}  // {origin}" if origin else found[0]

    return _NAMED.sub(say, text)


def comment(lines: list[str]) -> str:
    """Lines as a comment of Verilog."""
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)


def header_lines(core: Description) -> list[str]:
    """What the ports are, for whoever has only this file."""
    if core.options.plain:
        return list(core.notes)
    lines = [f"{core.name}: it {'predicts and goes on learning' if core.learns else 'predicts'}."]
    if core.options.streams == "axi":
        lines += axi_lines(core)
        if core.options.registers is None and core.has("train"):
            lines += [
                "s_axis_x_tuser: in the first transfer of a sample, whether to learn from it."
            ]
    if core.options.registers is not None:
        bus = {"axi-lite": "AXI4-Lite (s_axil_)", "wishbone": "Wishbone B4, classic cycles (wb_)"}
        lines += [
            f"Registers behind {bus[core.options.registers]}: see {core.name}_registers.md.",
        ]
        if core.has("train"):
            lines += [
                f"Bit 0 of CONTROL, at {register_address('CONTROL'):#x}, switches learning on.",
            ]
    return [*lines, "", *core.notes]


def axi_lines(core: Description) -> list[str]:
    """How numbers lie in AXI4-Stream."""
    lines = [
        "AXI4-Stream: each number takes whole bytes of tdata, filled up with its sign, or with 0."
    ]
    for stream in core.streams:
        prefix = "m_axis" if stream == "prediction" else "s_axis"
        count, transfers = core.numbers(stream), core.transfers[stream]
        lines.append(
            f"  {prefix}_{stream}: {listed(core.arrays(stream))}; {core.bits(stream)} bits, "
            f"{count} number{'s' * (count > 1)} in a transfer, "
            f"{transfers} transfer{'s' * (transfers > 1)} a sample"
        )
    return [*lines, "  tlast is 1 in the last transfer of each sample."]


def listed(arrays: tuple[Array, ...]) -> str:
    """Arrays in a row of words."""
    return ", ".join(map(str, arrays))


_NAMED = re.compile(
    r"^  (?:assign (?P<name>\w+) = .*;|reg (?:\[\d+:\d+\] )?(?P<register>\w+);)$", re.MULTILINE
)

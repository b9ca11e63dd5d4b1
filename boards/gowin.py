"""Gowin's FPGAs in today's open tools, which Amaranth 0.5 does not know yet."""

from __future__ import annotations

from typing import Any

from amaranth.vendor import GowinPlatform

DATABASES = {"GW1NR-9C": "GW1N-9C", "GW2AR-18C": "GW2A-18C"}
"""The die in a package with memory beside it: what nextpnr and the packer call a device."""


class HimbaechelPlatform(GowinPlatform):
    """A Gowin device, placed and routed by nextpnr-himbaechel.

    Amaranth 0.5 calls `nextpnr-gowin`, which is no more: its successor takes the name of the die
    and the file of pins as options of the architecture, and the clock as a frequency.
    """

    required_tools = ("yosys", "nextpnr-himbaechel-gowin", "gowin_pack")

    # The prepared configuration pins of the boards carry other signals, or nothing.
    pack_options = ("--sspi_as_gpio", "--mspi_as_gpio")

    @property
    def database(self) -> str:
        """What nextpnr and the packer call the device."""
        return DATABASES[self.family]

    @property
    def command_templates(self) -> list[str]:
        synthesis = self._apicula_command_templates[0]
        place_and_route = r"""
        {{invoke_tool("nextpnr-himbaechel-gowin")}}
            {{quiet("--quiet")}}
            {{get_override("nextpnr_opts")|options}}
            --log {{name}}.tim
            --device {{platform.part}}
            --vopt family={{platform.database}}
            --vopt cst={{name}}.cst
            --freq {{platform.default_clk_frequency / 1000000}}
            --json {{name}}.syn.json
            --write {{name}}.pnr.json
        """
        pack = r"""
        {{invoke_tool("gowin_pack")}}
            -d {{platform.database}}
            -o {{name}}.fs
            {{platform.pack_options|options}}
            {{name}}.pnr.json
        """
        return [synthesis, place_and_route, pack]

    def toolchain_prepare(self, fragment: Any, name: str, **overrides: Any) -> Any:
        return GowinPlatform.toolchain_prepare(self, fragment, name, **overrides)

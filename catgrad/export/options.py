"""How a core is to look from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import get_args

from catgrad.errors import CatgradError
from catgrad.hdl.bus.core import RegisterBus, Streams
from catgrad.hdl.keywords import KEYWORDS


@dataclass(frozen=True)
class Options:
    """The choices of an export.

    - `name`: of the module and of its files
    - `streams`: how samples travel, "plain" (valid, ready, payload) or "axi" (AXI4-Stream)
    - `registers`: how a computer reaches `train`, the parameters and the counters: "axi-lite",
      "wishbone" (B4, classic cycles), or None, by ports of their own
    """

    name: str = "learner"
    streams: Streams = "plain"
    registers: RegisterBus | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[A-Za-z_]\w*", self.name, re.ASCII):
            raise CatgradError(
                f"{self.name!r} cannot name a Verilog module; use letters, digits and underscores, "
                f"beginning with a letter."
            )
        if self.name in KEYWORDS:
            raise CatgradError(
                f"{self.name} is a keyword of Verilog and cannot name a module; choose another "
                f"name, such as {self.name}_module."
            )
        if self.streams not in get_args(Streams):
            raise CatgradError(
                f"There are no streams of the kind {self.streams!r}; choose 'plain' for valid, "
                f"ready and payload, or 'axi' for AXI4-Stream."
            )
        if self.registers is not None and self.registers not in get_args(RegisterBus):
            raise CatgradError(
                f"There is no register bus {self.registers!r}; choose 'axi-lite', 'wishbone', or "
                f"None for ports of their own."
            )

    @property
    def plain(self) -> bool:
        """Whether the core has the ports of the component itself."""
        return self.streams == "plain" and self.registers is None

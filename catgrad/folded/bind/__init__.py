"""From phases to a machine: where and when.

    phases ── layout ──> plans ── order, schedule ──> starts ── buffers ──> memories ── binding ──>

A plan is a phase with a mode and an order of loops (`loops`, `plan`).
"""

from catgrad.folded.bind.binding import bind, bind_bodies
from catgrad.folded.bind.buffers import block_rams

__all__ = ["bind", "bind_bodies", "block_rams"]

"""From kernels to phases: what rides together through the lanes of a folded engine.

    kernels ── lower ──> atoms ── plan, groups ──> what rides together ── order, build ──> phases

`verify` says what every list of phases keeps to; `text` writes it down for people.
"""

from catgrad.folded.fuse.fusion import fuse
from catgrad.folded.fuse.text import describe

__all__ = ["describe", "fuse"]

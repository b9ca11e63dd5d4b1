"""The proof of a machine: what it goes to (`proof`), when (`ports`), and what it finds (`reads`).

Before that come its `promises`, and the `arithmetic` of its bodies.
It takes nothing from `bind`, so that one mistake does not hide in both.
"""

from catgrad.folded.prove.proof import prove

__all__ = ["prove"]

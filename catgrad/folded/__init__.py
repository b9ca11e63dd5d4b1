"""Folded engines: every kernel of a step in turn on a few lanes, out of memories.

K ── fuse ──> phases ── bind ──> a machine, down to the cycle ── prove ──> the same machine

`phase` and `machine` say what the two are; `evaluate` runs the one, `simulate` the other.
"""

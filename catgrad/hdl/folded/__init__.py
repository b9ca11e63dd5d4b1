"""Folded engines: machines as Amaranth components."""

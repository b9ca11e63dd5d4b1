"""What a bus asks of the registers, and what they answer."""

from __future__ import annotations

from amaranth.hdl import unsigned
from amaranth.lib import data, stream

from catgrad.hdl.bus.map import WORD_BITS, WORD_BYTES


def request(bits: int) -> stream.Signature:
    """Read or write the word at a byte address of so many bits, the low two of which are 0.

    `strobe` says which bytes are written. The next request comes after the answer to this one.
    """
    layout = {
        "write": unsigned(1),
        "address": unsigned(bits),
        "data": unsigned(WORD_BITS),
        "strobe": unsigned(WORD_BYTES),
    }
    return stream.Signature(data.StructLayout(layout))


ANSWER = stream.Signature(data.StructLayout({"data": unsigned(WORD_BITS), "error": unsigned(1)}))
"""The answer to each request: the word, or that nothing was done."""

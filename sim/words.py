"""Payloads as words: the integers of one transfer side by side in the bits of one pin.

Payloads are an integer array `(n, m)`, n transfers of m elements. The same payloads as words are
n Python integers >= 0, each as wide as the pin. Words are what a bench sets and reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from catgrad.circuit.format import INT64_BITS, Format, Integers


class Field(NamedTuple):
    """One element of a payload: an integer of this format, its lowest bit at `offset`."""

    offset: int
    format: Format


def pack(payloads: Integers, fields: Sequence[Field]) -> list[int]:
    """The words of payloads; each element has to fit its field.

    >>> fields = [Field(0, Format(4, True)), Field(4, Format(8, False))]
    >>> [f"{word:#x}" for word in pack(np.array([[-1, 2], [7, 255]]), fields)]
    ['0x2f', '0xff7']
    """
    bits = np.zeros((len(payloads), width(fields)), dtype=np.uint8)
    for element, (offset, format) in enumerate(fields):
        places = np.arange(format.width).astype(payloads.dtype)
        bits[:, offset : offset + format.width] = payloads[:, element, None] >> places & 1
    return [int.from_bytes(row, "little") for row in np.packbits(bits, axis=1, bitorder="little")]


def unpack(words: Sequence[int], fields: Sequence[Field]) -> Integers:
    """The payloads of words: the inverse of `pack`.

    int64 if every field has at most 63 bits, else Python integers (dtype object).

    >>> unpack([0x2F, 0xFF7], [Field(0, Format(4, True)), Field(4, Format(8, False))])
    array([[ -1,   2],
           [  7, 255]])
    """
    exact = any(format.width > INT64_BITS for _, format in fields)
    payloads = np.zeros((len(words), len(fields)), dtype=object if exact else np.int64)
    size = -(-width(fields) // 8)
    joined = b"".join(word.to_bytes(size, "little") for word in words)
    octets = np.frombuffer(joined, dtype=np.uint8).reshape(len(words), size)
    bits = np.unpackbits(octets, axis=1, bitorder="little").astype(payloads.dtype)
    for element, (offset, format) in enumerate(fields):
        weights = np.array([1 << place for place in range(format.width)], dtype=payloads.dtype)
        if format.signed:
            weights[-1] *= -1
        payloads[:, element] = bits[:, offset : offset + format.width] @ weights
    return payloads


def width(fields: Sequence[Field]) -> int:
    """The bits of a pin with these fields."""
    return sum(format.width for _, format in fields)

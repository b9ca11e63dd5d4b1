"""Timetables: the one in the documentation is that of the machine."""

from __future__ import annotations

from pathlib import Path

from catgrad import Dtype, Folded, Formats, NdArrayType, compile_hardware, layers
from catgrad.folded.fuse.text import describe
from catgrad.folded.timetable import timetable
from catgrad.hardware import Hardware

DOCUMENT = Path(__file__).parents[2] / "docs" / "folded.md"


def tiny() -> Hardware:
    """The example of the document."""
    one, four, two = (NdArrayType((n,), Dtype.float32) for n in (1, 4, 2))
    model = layers.linear(one, four, two)
    formats = Formats.uniform(16, 12)
    return compile_hardware(model, layers.sgd(2**-3), layers.mse, formats, Folded(lanes=2))


def test_the_document_shows_the_phases_and_the_cycles() -> None:
    hardware, text = tiny(), DOCUMENT.read_text()
    for shown in (describe(hardware.phases), timetable(hardware.machine)):
        assert "".join(f"    {line}\n" if line else "\n" for line in shown.split("\n"))[:-1] in text

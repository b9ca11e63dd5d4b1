"""The programs in the documentation run, and what it shows of the last one is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from catgrad.folded.fuse.text import describe
from catgrad.folded.timetable import timetable

DOCUMENT = Path(__file__).parents[2] / "docs" / "folded.md"


def test_the_document_shows_the_phases_and_the_cycles() -> None:
    text, names = DOCUMENT.read_text(), dict[str, Any]()
    for program in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(program, names)
    hardware = names["hardware"]
    for shown in (describe(hardware.phases), timetable(hardware.machine)):
        assert "".join(f"    {line}\n" if line else "\n" for line in shown.split("\n"))[:-1] in text

"""The examples show what they say; and so does the page on signal processing."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catgrad import Serial, Spatial

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.stem for path in (ROOT / "examples" / "dsp").glob("*.py"))


def test_an_echo_is_cancelled_in_integers_as_in_float() -> None:
    import echo

    found = echo.run(2 * echo.BLOCK)
    floats, integers = found.values()
    assert floats[-1] > floats[0]
    assert np.abs(floats - integers).max() < 0.5


def test_an_equaliser_opens_the_eye() -> None:
    import equaliser

    received, sent, found = equaliser.run(1500)
    early = equaliser.error_rate(received[: 1 - equaliser.LATE], sent[equaliser.LATE - 1 :])
    for output in found.values():
        assert equaliser.error_rate(output[-500:], sent[-500:]) < early / 2


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "plots"])
def test_the_example_runs(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "dsp" / f"{name}.py")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build" / "dsp" / f"{name}.svg").read_text().startswith("<?xml")


def test_the_page() -> None:
    page = (ROOT / "docs" / "dsp.md").read_text()
    first, report, serial, learner = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    random = np.random.default_rng(0)
    played = random.uniform(-0.5, 0.5, 20)
    known: dict[str, Any] = {"x": played, "played": played, "microphone": 0.5 * played}
    known |= {"Serial": Serial, "Spatial": Spatial}
    exec(first, known)
    assert len(known["left"]) == 20
    assert known["hardware"].verilog().count("module learner") == 1
    exec(f"from scipy import signal\nfrom catgrad import Fixed, dsp\n{report}", known)
    printed = re.findall(r"```\n(4 sections, .*)\n```", page)
    assert printed == [
        str(known["dsp"].biquad_report(known["sos"], known["Fixed"](18, 15), bits=16))
    ]
    printed = re.findall(r"```\n(0 parameters; .*)\n```", page)
    exec(serial, known)
    assert printed == [str(known["hardware"].report())]
    exec(learner, known)
    assert known["hardware"].report().notes == ()


def test_the_words_of_a_schedule_are_on_the_page() -> None:
    page = (ROOT / "docs" / "dsp.md").read_text()
    words = re.findall(r"^\| `(\w+)` \|", page[page.index("## Schedules") :], re.M)
    assert sorted(words) == sorted(field.name for field in fields(Spatial))


def test_every_example_is_on_the_page() -> None:
    page = (ROOT / "docs" / "dsp.md").read_text()
    assert [name for name in EXAMPLES if name != "plots" and f"`{name}.py`" not in page] == []

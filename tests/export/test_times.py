"""What the README of a core says of its times is what the core does, in its Verilog."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from catgrad import Formats, Spatial, dsp
from catgrad.export import Options, files
from catgrad.export.options import Streams
from catgrad.hardware import Hardware
from catgrad.hardware.exporting import description
from tests.export.cores import CORES
from tests.export.times import Offer, moves

FORMATS = Formats.uniform(12, 8)


def sharing_fir() -> Hardware:
    """It only predicts, and three of its products share a block."""
    schedule = Spatial(clock=25e6, family="ice40up", interval=3)
    return dsp.Filter(dsp.fir([0.5, 0.25, 0.125, -0.3])).hardware(FORMATS, schedule)


def sharing_lms() -> Hardware:
    """It learns late, and its products share blocks."""
    schedule = Spatial(clock=50e6, family="ecp5", interval=3, delay=9)
    return dsp.lms(3, 2**-4).hardware(FORMATS, schedule)


def sharing_turns() -> Hardware:
    """Learners that take turns, at an interval that no loop asks for."""
    schedule = Spatial(clock=25e6, family="ice40up", interval=2, channels=9)
    return dsp.lms(2, 2**-4).hardware(FORMATS, schedule)


MADE: dict[str, Callable[[], Hardware]] = {
    "sharing_fir": sharing_fir,
    "sharing_lms": sharing_lms,
    "sharing_turns": sharing_turns,
    **CORES,
}

RUN = 12
"""Samples that follow each other as soon as they can."""

SETTLED = 4
"""So many of them later all wait for the one before."""


def stated(text: str, pattern: str, absent: int = 0) -> int:
    """A number of cycles in a README."""
    found = re.search(pattern, text)
    return absent if found is None else int(found[1] or 1)


@cache
def hardware(name: str) -> Hardware:
    return MADE[name]()


@pytest.mark.parametrize(
    ("name", "streams"),
    [
        ("sharing_fir", "plain"),
        ("sharing_fir", "axi"),
        ("sharing_lms", "plain"),
        ("sharing_lms", "axi"),
        ("sharing_turns", "plain"),
        ("always", "axi"),
        ("folded", "plain"),
        ("serial", "axi"),
        ("spatial", "plain"),
        ("spatial", "axi"),
    ],
)
def test_a_core_takes_as_long_as_its_readme_says(
    name: str, streams: Streams, tmp_path: Path
) -> None:
    core = description(hardware(name), None, Options("learner", streams), samples=1)
    texts = files(core)
    (tmp_path / core.simulated).write_text(texts[core.simulated])
    said = texts["README.md"].split("## Time and size\n")[1].split("## Instance")[0]
    said = said.split("\n")[1]
    latency = stated(said, r"^Latency (\d+) cycles?, ")
    interval = stated(said, r"one sample every (?:(\d+) cycles|cycle),")
    waiting = stated(said, r"for which it waits up to (\d+) cycles?\.")
    beat = stated(said, r"in one of (\d+) cycles, for which", absent=1)
    behind_y = stated(said, r"at the earliest (\d+) cycles? after its y was transferred\.")
    report = hardware(name).report()
    assert (latency, interval) == (report.latency, report.interval)
    assert (waiting, behind_y > 0) == (beat - 1, core.beat is not None and core.has("y"))
    assert (beat > 1) == name.startswith("sharing")

    # Samples alone, at every cycle of the beat; samples at once; samples whose y comes late.
    pause, learns = beat * (4 * (latency + interval) + 20), core.has("y")
    alone = [Offer(pause + i * (pause + 1), train=learns) for i in range(2 * beat)]
    start = alone[-1].x + pause
    run = [Offer(start, train=learns) for _ in range(RUN)]
    start += 2 * RUN * interval + pause
    late = [Offer(c, c + 20) for c in range(start, start + 2 * beat * (pause + 1), pause + 1)]
    went = moves(core, tmp_path, [*alone, *run, *(late if behind_y else [])])

    first, last = slice(2 * beat), slice(2 * beat + RUN, None)
    waited, took = went.x - went.offered, went.prediction - went.x
    if core.beat is not None and streams == "plain":
        assert (took == latency).all()
        assert {*waited[first].tolist()} == {*range(waiting + 1)}
    elif core.beat is not None:
        assert {*took[first].tolist()} == {*range(latency, latency + waiting + 1)}
        assert not waited[first].any()
    else:
        since = went.prediction - np.maximum(went.x, went.y)
        assert (since[first] == latency).all()
        waits = "A sample that is transferred while another is inside waits for it." in said
        assert (since > latency).any() == waits
    for moved in (went.x, went.prediction):
        steps = np.diff(moved[2 * beat + SETTLED : 2 * beat + RUN])
        assert {*steps.tolist()} == {interval}
    if behind_y:
        # What enters behind its y has its prediction a latency later, on any streams.
        entered = went.prediction[last] - latency
        assert {*(entered - went.y[last]).tolist()} == {*range(behind_y, behind_y + beat)}

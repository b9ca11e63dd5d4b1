"""The link under faults: whatever happens to bytes, boards and hosts, no sample counts twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bench import bad_line
from bench.bad_line import BAD, CASES, Case, Line, campaign
from boards.host import Counters, Device
from boards.protocol import ESCAPE, FLAG
from boards.verilated import NO_STOP, VerilatedPort
from tests.boards.learners import Reference, compiled_top, lms


@cache
def case(name: str) -> Case:
    return CASES[name]()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_filter_learns_over_a_bad_line(tmp_path: Path, seed: int) -> None:
    worse = Line(damage=0.3, board_reset=0.03, host_reset=0.03)
    tally = campaign(case("filter"), worse, frames=300, seed=seed, directory=tmp_path, length=150)
    assert tally.frames >= 300
    assert min(tally.faults, tally.resent, tally.board_resets, tally.host_resets) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_ten_thousand_frames(tmp_path: Path, name: str) -> None:
    tally = campaign(case(name), BAD, frames=10_000, seed=3, directory=tmp_path)
    assert tally.frames >= 10_000
    assert min(tally.board_resets, tally.host_resets) > 10


def test_a_difference_names_the_run_that_repeats_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bad_line.Beside, "counters", property(lambda _: (5, 0, 0)))
    with pytest.raises(bad_line.CatgradError) as error:
        campaign(case("filter"), BAD, frames=10, seed=1, directory=tmp_path, length=50)
    assert str(error.value) == (
        "Seed 1, run 1: Sample 40: counter 0 of the board is 40, and that of the integer program "
        "0; take the bitstream that was built from this program."
    )


class FaultAt:
    """A port on whose way one byte, counted from the start, has a fault."""

    def __init__(self, port: VerilatedPort, place: int, fault: Callable[[int], list[int]]) -> None:
        self.port = port
        self.place = place
        self.fault = fault
        self.passed = 0

    def damaged(self, data: bytes) -> Iterator[int]:
        for byte in data:
            yield from self.fault(byte) if self.passed == self.place else [byte]
            self.passed += 1

    def clear(self) -> None:
        self.port.clear()


class FaultOut(FaultAt):
    """On the way to the board."""

    def write(self, data: bytes) -> None:
        self.port.say(list(self.damaged(data)))

    def read(self, count: int) -> bytes:
        return self.port.read(count)


class FaultIn(FaultAt):
    """On the way back."""

    come = b""

    def write(self, data: bytes) -> None:
        self.port.write(data)

    def read(self, count: int) -> bytes:
        while len(self.come) < count:
            data = self.port.read(count - len(self.come))
            if not data:
                break
            self.come += bytes(self.damaged(data))
        found, self.come = self.come[:count], self.come[count:]
        return found

    def clear(self) -> None:
        self.come = b""
        super().clear()


FAULTS: dict[str, Callable[[int], list[int]]] = {
    "lost": lambda _: [],
    "doubled": lambda byte: [byte, byte],
    "changed": lambda byte: [byte ^ 0x10],
    "turned into a flag": lambda _: [FLAG],
    "behind an escape": lambda byte: [ESCAPE, byte],
    "behind a flag": lambda byte: [FLAG, byte],
}


def session(port: FaultAt) -> tuple[list[object], int]:
    """What a host finds out in a short session; and how many bytes went by."""
    device = Device(port, compiled_top(2).design)
    x, y = np.array([[1000, -700], [126, 125], [-2048, 2047]]), np.array([[5], [126], [-3]])
    device.load([126, -300])
    results: list[object] = [device.learn(x, y).tolist(), device.predict(x[1]).tolist()]
    results += [device.fetch().tolist(), device.counters()[:3]]
    return results, port.passed


def expected_session() -> list[object]:
    reference = Reference(lms(2), [126, -300])
    x, y = [[1000, -700], [126, 125], [-2048, 2047]], [[5], [126], [-3]]
    learned = list(map(reference.step, x, y))
    predicted = reference.step(x[1])
    saturations = (reference.forward_saturations, reference.learning_saturations)
    return [learned, predicted, reference.parameters.tolist(), (4, *saturations)]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", [FaultOut, FaultIn])
def test_any_byte_may_have_a_fault(way: type[FaultAt], fault: str) -> None:
    """Every byte of a session in turn, in both directions."""
    board = VerilatedPort(compiled_top(2), budget=600)
    wanted = expected_session()
    place, length = 0, 1
    while place < length:
        found, passed = session(way(board, place, FAULTS[fault]))
        assert found == wanted, f"byte {place}"
        length = passed if place == 0 else length
        place += 1
    assert length > 50


def test_any_byte_may_come_without_its_stop_bit() -> None:
    board = VerilatedPort(compiled_top(2), budget=600)
    for place in range(90):
        assert (
            session(FaultOut(board, place, lambda byte: [byte | NO_STOP]))[0] == expected_session()
        )


@pytest.mark.parametrize("cycles", range(0, 400, 23))
def test_a_reset_at_any_point_of_a_step_leaves_no_mixture(cycles: int) -> None:
    """Of an engine, whose memories keep what they hold: it takes no sample before a load."""
    engine = case("engine")
    board = VerilatedPort(engine.top, budget=3000)
    device = Device(board, engine.top.design)
    parameters = np.arange(len(engine.top.design.parameters))
    assert device.open()
    board.reset()
    assert device.open()  # Its parameters are still those of the bitstream.
    device.load(parameters)
    device.learn([1, 2, 3, 4, 5], [6, 7])
    board.wait(cycles)
    board.reset()
    assert not device.open()
    device.load(parameters)
    assert device.open()
    assert device.fetch().tolist() == parameters.tolist()
    assert device.counters() == Counters(0, 0, 0, 0)

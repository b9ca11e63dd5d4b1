"""Runs on a board: what goes on from a checkpoint ends with the same integers."""

from __future__ import annotations

import dataclasses
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bench.bad_line import Case, filter_case
from boards.beside import Beside
from boards.checkpoint import Checkpoint, digest_of
from boards.exchange import LinkError
from boards.host import Device
from boards.top import Top
from boards.training import Progress, Training
from boards.verilated import VerilatedPort
from catgrad import Dtype, Formats, NdArrayType, Spatial, compile_hardware, layers
from catgrad.errors import CatgradError
from catgrad.hardware import Hardware
from sim import Samples

BUDGET = 3000


@cache
def case() -> Case:
    """An adaptive filter behind a delay line of four taps."""
    return filter_case()


def data(count: int = 60, seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(-1000, 1000, (count, 1)) for _ in range(2))
    return Samples(x, y, rng.random(count) < 0.8)


START = np.array([100, -200, 300, -400])


class Run:
    """A board, and runs on it."""

    def __init__(self) -> None:
        self.port = VerilatedPort(case().top, BUDGET)
        self.device = Device(self.port, case().top.design, attempts=2)

    def training(self, samples: Samples, file: Path | None = None, every: int = 20) -> Training:
        return Training(self.device, samples, Beside(case().hardware, case().front), file, every)


def alone(samples: Samples) -> Beside:
    """The integer program, without a board."""
    beside = Beside(case().hardware, case().front)
    beside.begin(START)
    assert samples.y is not None
    for x, y, train in zip(samples.x, samples.y, samples.train, strict=True):
        beside.step(x, y, bool(train))
    return beside


def test_a_run_is_what_the_integer_program_does() -> None:
    samples, run = data(), Run()
    training = run.training(samples)
    training.begin(START)
    progress = list(training)
    assert [p.first for p in progress[1:]] == [p.position for p in progress[:-1]]
    assert progress[-1].position == training.position == 60
    predictions = np.concatenate([p.predictions for p in progress])
    assert predictions.shape == (60, 1)
    wanted = alone(samples)
    assert training.checkpoint.parameters.tolist() == wanted.parameters.tolist()
    assert training.checkpoint.counters == training.counters() == wanted.counters
    assert training.compared == 60 + 3 * (4 + 3)
    assert list(training) == []


@pytest.mark.parametrize("cut", [0, 1, 19, 20, 21, 45, 59])
def test_a_run_that_was_cut_off_goes_on_with_the_same_integers(tmp_path: Path, cut: int) -> None:
    samples, file = data(), tmp_path / "run.npz"
    before: Progress | None = None
    training = Run().training(samples, file)
    training.begin(START)
    for before in training:
        if before.position > cut:
            break
    again = Run().training(samples, file)  # another board, another host
    again.resume()
    assert again.position == (0 if before is None else before.first // 20 * 20)
    again.run()
    wanted = alone(samples)
    assert again.checkpoint.parameters.tolist() == wanted.parameters.tolist()
    assert again.counters() == wanted.counters
    assert os.listdir(tmp_path) == ["run.npz"]


@pytest.mark.parametrize("at", [5, 25])
def test_a_run_goes_back_where_its_board_was_reset(at: int) -> None:
    samples, run = data(), Run()
    training = run.training(samples)
    training.begin(START)
    reset, places = False, []
    for progress in training:
        places.append(progress.first)
        if progress.position > at and not reset:
            run.port.reset()
            reset = True
    assert training.restored == 1
    assert len(set(places)) < len(places)
    wanted = alone(samples)
    assert training.checkpoint.parameters.tolist() == wanted.parameters.tolist()
    assert training.counters() == wanted.counters


def test_a_board_that_is_reset_again_and_again() -> None:
    run = Run()
    samples = data(200)
    samples.train[:] = True
    training = run.training(samples, every=150)
    training.begin(START)

    def reset() -> None:
        for _ in training:
            run.port.reset()

    with pytest.raises(CatgradError) as error:
        reset()
    assert str(error.value) == (
        "The run was interrupted 11 times after sample 0, the last time so: The board refused the "
        "request LEARN because it has been reset since the host greeted it; load parameters, or "
        "restore a checkpoint, and go on from there."
    )


def test_a_board_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run()
    training = run.training(data())
    training.begin(START)
    monkeypatch.setattr(run.port, "write", lambda _: None)
    with pytest.raises(LinkError) as error:
        training.run()
    assert str(error.value) == (
        "The board did not answer the request HELLO; check its cable and power, that filter is "
        "loaded, and that both ends use the same baud rate."
    )


def test_the_first_difference_is_named() -> None:
    run = Run()
    training = run.training(data())
    training.begin(START)
    assert training.reference is not None
    training.reference.begin([100, -200, 301, -400])
    with pytest.raises(CatgradError) as error:
        training.run()
    words = str(error.value)
    assert words.startswith("Sample ")
    assert words.endswith("; take the bitstream that was built from this program.")


def test_runs_that_have_not_started() -> None:
    training = Run().training(data())
    for act in (training.run, lambda: training.checkpoint):
        with pytest.raises(CatgradError) as error:
            act()
        assert str(error.value) == "This run has not started; call begin or resume first."
    with pytest.raises(CatgradError) as error:
        training.resume()
    assert str(error.value) == "This run has no file of checkpoints; name one, or call begin."


def checkpoint(**changes: object) -> Checkpoint:
    design = case().top.design
    there = Checkpoint(design.digest, digest_of(data()), 20, START, (20, 1, 2))
    return dataclasses.replace(there, **changes)  # type: ignore[arg-type]


def test_a_checkpoint_is_what_was_saved(tmp_path: Path) -> None:
    wide = np.array([1 << 70, -(1 << 80), 3, 4], dtype=object)
    for saved in (checkpoint(), checkpoint(parameters=wide)):
        found = Checkpoint.read(saved.save(tmp_path / "run.npz"))
        assert found.parameters.tolist() == saved.parameters.tolist()
        assert (found.design, found.data, found.position, found.counters) == (
            saved.design,
            saved.data,
            saved.position,
            saved.counters,
        )
    assert os.listdir(tmp_path) == ["run.npz"]


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "run.npz"
    if content is None:
        np.savez(file, design=np.array("else"))
    else:
        file.write_bytes(content)
    with pytest.raises(CatgradError) as error:
        Checkpoint.read(file)
    assert str(error.value) == (
        f"{file} is not a checkpoint of a run; name the .npz file that the run wrote."
    )


def test_a_checkpoint_that_is_cut_off(tmp_path: Path) -> None:
    file = checkpoint().save(tmp_path / "run.npz")
    whole = file.read_bytes()
    for length in range(0, len(whole), 97):
        file.write_bytes(whole[:length])
        with pytest.raises(CatgradError):
            Checkpoint.read(file)


def test_checkpoints_of_other_runs(tmp_path: Path) -> None:
    design, file = case().top.design, tmp_path / "run.npz"
    training = Run().training(data(), file)
    with pytest.raises(CatgradError) as error:
        training.resume()
    assert (
        str(error.value) == f"There is no checkpoint {file}; begin the run from its first sample."
    )
    checkpoint(design="0123456789abcdef").save(file)
    with pytest.raises(CatgradError) as error:
        training.resume()
    assert str(error.value) == (
        f"The checkpoint is of design 0123456789abcdef, not of filter ({design.digest}); begin a "
        f"run of its own for this design."
    )
    other = digest_of(data(seed=1))
    checkpoint(data=other).save(file)
    with pytest.raises(CatgradError) as error:
        training.resume()
    assert str(error.value) == (
        f"The checkpoint is of a run with other samples ({other}, not {digest_of(data())}); give "
        f"the same data in the same order, or begin a new run."
    )


def test_no_run_on_memory_that_cannot_be_reset(tmp_path: Path) -> None:
    run, file = Run(), tmp_path / "run.npz"
    run.device.design = dataclasses.replace(run.device.design, memory=16)
    checkpoint().save(file)
    training = run.training(data(), file)
    for act in (training.resume, lambda: training.begin(START)):
        with pytest.raises(CatgradError) as error:
            act()
        assert str(error.value) == (
            "filter keeps 16 numbers of memory in block RAM, which the link cannot reset; for a "
            "board compile it with Spatial, as --cycles 1 does, whose registers it can."
        )


def test_a_design_that_keeps_more_than_parameters_can_only_begin(tmp_path: Path) -> None:
    run, file = Run(), tmp_path / "run.npz"
    run.device.design = dataclasses.replace(run.device.design, history=None)
    checkpoint().save(file)
    training = run.training(data(), file)
    with pytest.raises(CatgradError) as error:
        training.resume()
    assert str(error.value) == (
        "filter keeps more than its parameters, which are all that a checkpoint holds, so the run "
        "cannot go on at sample 20; begin it again, without --resume: it will end with the same "
        "integers."
    )
    training.begin(START)
    training.run()
    assert training.counters() == alone(data()).counters


@cache
def delayed() -> tuple[Hardware, Top]:
    """A learner whose updates come late: no checkpoint holds those on their way."""
    one, four = (NdArrayType((n,), Dtype.float32) for n in (1, 4))
    rule, formats = layers.sgd(2**-4), Formats.uniform(12, 8)
    schedule = Spatial(clock=50e6, delay=3)
    hardware = compile_hardware(layers.linear(one, four, one), rule, layers.mse, formats, schedule)
    return hardware, Top(hardware.component(), "delayed", 2)


class Late:
    """A run of such a learner."""

    def __init__(self, tries: int = 10) -> None:
        hardware, top = delayed()
        self.port = VerilatedPort(top, BUDGET)
        rng = np.random.default_rng(1)
        x, y = (rng.integers(-500, 500, (60, len(row))) for row in (top.design.x, top.design.y))
        self.samples = Samples(x, y, np.ones(60, np.bool_))
        device = Device(self.port, top.design, attempts=2)
        self.training = Training(device, self.samples, Beside(hardware), None, 20, tries)
        self.training.begin(START)


def test_a_run_that_no_checkpoint_holds_begins_again() -> None:
    run, places = Late(), []
    for progress in run.training:
        if progress.position > 45 and not run.training.restored:
            run.port.reset()
        places.append(progress.first)
    assert run.training.restored == 1
    assert places.count(0) == 2
    alone = Beside(delayed()[0])
    alone.begin(START)
    assert run.samples.y is not None
    for x, y in zip(run.samples.x, run.samples.y, strict=True):
        alone.step(x, y, True)
    assert run.training.checkpoint.parameters.tolist() == alone.parameters.tolist()
    assert run.training.counters() == alone.counters


def test_a_run_that_never_comes_further_ends() -> None:
    run = Late(tries=2)

    def go() -> None:
        for progress in run.training:
            if progress.position > 25:
                run.port.reset()

    with pytest.raises(CatgradError, match=r"^The run was interrupted 3 times after sample 20, "):
        go()

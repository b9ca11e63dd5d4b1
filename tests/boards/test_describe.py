"""What a host is told of a learner, and what it takes to bring a board back to a sample."""

from __future__ import annotations

import dataclasses
import warnings
from functools import cache

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, UnusedElaboratable, signed, unsigned
from amaranth.lib.wiring import connect, flipped
from hypothesis import given
from hypothesis import strategies as st

import boards
from boards.beside import Beside
from boards.board import FTDI_BAUD
from boards.design import Design
from boards.host import Device
from boards.protocol import Frame, Frames, Kind, Refusal
from boards.top import Top
from boards.training import Training
from boards.verilated import VerilatedPort
from catgrad import Dtype, Folded, Formats, NdArrayType, Spatial, compile_hardware, dsp, layers
from catgrad.circuit import Format
from catgrad.errors import CatgradError
from catgrad.hardware import Hardware
from catgrad.hdl.delay_line import DelayLine
from catgrad.hdl.folded.engine import Engine
from catgrad.hdl.transducer import Transducer
from sim import Samples
from tests.boards.learners import lms


def linear(schedule: Spatial) -> Hardware:
    one, four = (NdArrayType((n,), Dtype.float32) for n in (1, 4))
    rule, formats = layers.sgd(2**-4), Formats.uniform(12, 8)
    return compile_hardware(layers.linear(one, four, one), rule, layers.mse, formats, schedule)


def adaptive(schedule: Spatial) -> Hardware:
    """A filter that keeps its last samples itself."""
    made = dsp.lms(4, 2**-4)
    return compile_hardware(made.model, made.rule, made.loss, Formats.uniform(12, 8), schedule)


MADE = {
    "plain": lambda: linear(Spatial(cycles=2)),
    "window": lambda: adaptive(Spatial(cycles=2)),
    "pipeline": lambda: linear(Spatial(clock=50e6)),
    "channels": lambda: linear(Spatial(clock=50e6, channels=4)),
    "delayed": lambda: linear(Spatial(clock=50e6, delay=3)),
    "always": lambda: linear(Spatial(clock=50e6, always=True)),
}


@cache
def made(name: str) -> tuple[Hardware, Top]:
    hardware = MADE[name]()
    return hardware, Top(hardware.component(), name, 2)


@pytest.mark.parametrize(
    ("name", "history", "channels", "always"),
    [
        ("plain", 0, 1, False),
        ("window", 3, 1, False),
        ("pipeline", 0, 1, False),
        ("channels", 0, 4, False),
        ("delayed", None, 1, False),
        ("always", 0, 1, True),
    ],
)
def test_what_a_design_keeps(name: str, history: int | None, channels: int, always: bool) -> None:
    hardware, top = made(name)
    design = top.design
    assert (design.history, design.channels, design.always) == (history, channels, always)
    assert len(design.parameters) == channels * 4 * len(hardware.parameter_types)
    assert Design.from_json(design.to_json()) == design


def test_designs_that_differ_have_other_digests() -> None:
    tops = [made(name)[1] for name in MADE]
    tops += [
        Top(Transducer(lms(2)), "a", 2),
        Top(Transducer(lms(2), [1, 0]), "a", 2),
        Top(Transducer(lms(2), cycles=2), "a", 2),
        Top(Transducer(lms(3)), "a", 2),
        Top(Transducer(lms(3)), "a", 2, DelayLine(signed(12), 3)),
        Top(Transducer(lms(3)), "a", 2, OldestFirst(signed(12), 3)),
    ]
    assert len({top.design.digest for top in tops}) == len(tops)
    assert Top(Transducer(lms(2)), "b", 4).design.digest == tops[len(MADE)].design.digest
    again = Top(Transducer(lms(3)), "b", 4, OldestFirst(signed(12), 3))
    assert again.design.digest == tops[-1].design.digest


class OldestFirst(DelayLine):
    """A front like another from outside."""

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.line = line = DelayLine(self.i.payload.shape(), self.history + 1)
        connect(m, flipped(self.i), line.i)
        m.d.comb += [
            self.o.valid.eq(line.o.valid),
            line.o.ready.eq(self.o.ready),
            Cat(self.o.payload).eq(Cat(reversed(list(line.o.payload)))),
        ]
        return m


def test_fronts_that_cannot_stand_before_a_learner() -> None:
    with pytest.raises(CatgradError) as error:
        Top(Transducer(lms(3)), "filter", 2, DelayLine(signed(12), 2))
    assert str(error.value) == (
        "The DelayLine before filter gives 2 numbers of 12 bits and the learner takes 3 numbers of "
        "12 bits; make the front from hardware.netlist.input('x').formats."
    )
    engine = dsp.lms(4, 2**-4).hardware(Formats.uniform(12, 8), Folded(lanes=1)).component()
    with pytest.raises(CatgradError) as error:
        Top(engine, "filter", 2, DelayLine(signed(12), 4))
    assert str(error.value) == (
        "filter runs on lanes, which take their numbers one by one, and a DelayLine gives all at "
        "once; compile it with Spatial, as --cycles does, or leave the front out, as a "
        "front(hardware) does that returns None."
    )
    with pytest.raises(CatgradError) as error:
        Top(Transducer(lms(1)), "filter", 2, DelayLine(unsigned(12), 1))
    assert str(error.value) == (
        "The DelayLine before filter gives 1 unsigned number of 12 bits and the learner takes 1 "
        "number of 12 bits; make the front from hardware.netlist.input('x').formats."
    )


def test_to_describe_a_front_leaves_warnings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UnusedElaboratable, "_MustUse__silence", True)
    before = list(warnings.filters)
    Top(Transducer(lms(3)), "filter", 2, DelayLine(signed(12), 3))
    assert list(warnings.filters) == before
    assert UnusedElaboratable._MustUse__silence


@pytest.mark.parametrize("name", boards.BOARDS)
def test_a_design_knows_the_line_of_its_board(name: str) -> None:
    board = boards.get(name)
    top = Top.on(board, Transducer(lms(2)), "lms")
    assert (top.design.baud, top.design.clock_hz) == (board.baud, board.clock_hz)
    assert Design.from_json(top.design.to_json()) == top.design
    assert abs(board.clock_hz / top.divisor - board.baud) < 0.005 * board.baud
    if board.baud == FTDI_BAUD:
        assert board.clock_hz == top.divisor * board.baud


def test_memory_in_block_ram_is_told_and_has_a_part_in_the_digest() -> None:
    filter = dsp.lms(4, 2**-4)
    engine = filter.hardware(Formats.uniform(12, 8), Folded(lanes=1)).component()
    assert isinstance(engine, Engine)
    design = Top(engine, "filter", 2).design
    assert design.history is None
    assert design.memory == len(engine.memory) > 0
    assert design.interval == engine.interval
    other = Engine(engine.machine, engine.initial, memory=[1] * design.memory)
    assert Top(other, "filter", 2).design.digest != design.digest


def test_requests_are_answered_in_good_time() -> None:
    form = (Format(12, True),)
    design = Design("slow", True, form, form, form, form, "00", interval=10_000)
    assert design.together == 5 < design.batch
    assert dataclasses.replace(design, interval=1).together == design.batch
    assert dataclasses.replace(design, interval=1_000_000).together == 1


@given(
    st.integers(0, 9), st.integers(1, 5), st.integers(0, 60), st.integers(1, 40), st.integers(1, 9)
)
def test_samples_that_are_sent_again_suffice(
    history: int, channels: int, position: int, inputs: int, outputs: int
) -> None:
    form = Format(12, True)
    design = Design(
        "any", True, (form,) * inputs, (form,), (form,) * outputs, (form,), "00",
        history=history, channels=channels,
    )  # fmt: skip
    again = design.again(position)
    assert again is not None
    assert again <= position
    assert (position - again) % channels == 0  # each goes to its channel
    assert again == position or again >= history * channels
    # What the board has room for is enough for what there has to be room for.
    assert design.batch >= 1
    assert design.batch * design.sample_bytes <= design.request_limit
    assert design.batch * 2 * outputs <= design.answer_limit
    assert design.request_limit + design.answer_limit <= design.buffer_bytes
    assert min(design.load_limit, design.fetch_limit) >= 1


@pytest.mark.parametrize("bytes_", [1, 384, 385, 1151, 1537, 20_000, 49_153, 65_535])
def test_large_samples_have_room(bytes_: int) -> None:
    x = (Format(8, True),) * bytes_
    design = Design("large", False, x, (), x[:1], x[:5], "00")
    assert design.buffer_bytes & (design.buffer_bytes - 1) == 0
    assert design.batch >= 1
    assert design.batch * bytes_ <= design.request_limit


NAMES = ["window", "channels", "always"]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n == "always" else []) for n in NAMES]
)
def test_a_run_goes_on_after_a_reset(name: str) -> None:
    hardware, top = made(name)
    port = VerilatedPort(top, 3000)
    rng = np.random.default_rng(0)
    x, y = (rng.integers(-500, 500, (90, len(row))) for row in (top.design.x, top.design.y))
    samples = Samples(x, y, (rng.random(90) < 0.7) | top.design.always)
    training = Training(Device(port, top.design), samples, Beside(hardware), every=25)
    training.begin(rng.integers(-100, 100, len(top.design.parameters)))
    for progress in training:
        if progress.first > 40 and not training.restored:
            port.reset()
    assert training.restored == 1
    assert training.checkpoint.counters[0] == 90


@pytest.mark.slow
def test_a_board_that_always_learns_takes_no_samples_without_targets() -> None:
    _, top = made("always")
    port = VerilatedPort(top, 3000)
    device = Device(port, top.design)
    with pytest.raises(CatgradError) as error:
        device.predict([1, 2, 3, 4])
    assert str(error.value) == (
        "always learns from every sample; use learn, or build it without always."
    )
    port.write(Frame(Kind.HELLO, 1).to_bytes())
    port.read(1000)
    port.write(Frame(Kind.PREDICT, 2, bytes(8)).to_bytes())
    (answer,) = Frames().feed(port.read(1000))
    assert answer == Frame(0xC0 + Refusal.KIND, 2)

"""Folded engines give the integers of the NumPy program: any model, any lanes, any stalls."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import sim.running
from catgrad import (
    CatgradError,
    Dtype,
    Fixed,
    Folded,
    Formats,
    NdArrayType,
    Spatial,
    compile_hardware,
    layers,
    op,
)
from catgrad.bidirectional import operation as B
from catgrad.combinators import identity
from catgrad.folded.simulate import simulate as simulate_machine
from catgrad.hardware import Hardware
from catgrad.hypergraph import OpenHypergraph
from sim import Running, random_samples, reference_trace, simulate

ROOT = Path(__file__).parents[1]

LANES = [1, 2, 3, 4, 8, 16]
LOSSES = {
    "mse": layers.mse,
    "l1": layers.l1,
    "huber": layers.huber(0.5),
    "cross_entropy": layers.cross_entropy,
}
RULES = {
    "frozen": layers.sgd(0),
    "sgd": layers.sgd(2**-3),
    "momentum": layers.momentum(2**-3, 0.75),
}
FORMATS = {
    "16.12": Formats.uniform(16, 12, table_bits=5),
    "12.8": Formats.uniform(12, 8, table_bits=5),
    "mixed": Formats(Fixed(12, 8), Fixed(16, 12), Fixed(14, 10), Fixed(10, 6), table_bits=4),
}

# A failing example costs an engine for each attempt to shrink it.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


def T(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


@dataclass(frozen=True)
class Recipe:
    """A learner and its lanes, that print as what they are made of."""

    widths: tuple[int, ...]
    batch: int = 1
    convolved: bool = False
    loss: str = "mse"
    rule: str = "sgd"
    formats: str = "16.12"
    lanes: int = 4

    def model(self) -> OpenHypergraph:
        """Dense layers, the last one without a nonlinearity; perhaps a convolution before them."""
        N, arrays = T(self.batch), [T(n) for n in self.widths]
        model = identity(layers.linear(N, arrays[0], arrays[0]).source)
        if self.convolved:
            seen = layers.conv2d(N, T(4, 4, 1), T(2), 3, activation=layers.relu)
            pooled = seen >> layers.mean_pool(N, T(2, 2, 2), 2)
            arrays[0] = T(2)
            model = pooled >> op(B.Reshape(pooled.target[0], N + arrays[0]))
        for k, (A, C) in enumerate(pairwise(arrays)):
            last = k == len(arrays) - 2
            model = model >> layers.dense(N, A, C, identity if last else layers.relu)
        return model

    def hardware(self, **options: Any) -> Hardware:
        """The learner on its lanes."""
        rule, loss, formats = RULES[self.rule], LOSSES[self.loss], FORMATS[self.formats]
        return compile_hardware(
            self.model(), rule, loss, formats, Folded(lanes=self.lanes, **options)
        )


@st.composite
def recipes(draw: st.DrawFn, widest: int = 7, lanes: tuple[int, ...] = tuple(LANES)) -> Recipe:
    """One to three layers of widths that rarely divide by the lanes."""
    widths = draw(st.lists(st.integers(1, widest), min_size=2, max_size=4))
    return Recipe(
        tuple(widths),
        draw(st.integers(1, 3)),
        draw(st.booleans()),
        draw(st.sampled_from(sorted(LOSSES))),
        draw(st.sampled_from(sorted(RULES))),
        draw(st.sampled_from(sorted(FORMATS))),
        draw(st.sampled_from(lanes)),
    )


def parameters(hardware: Hardware, seed: int) -> list[np.ndarray]:
    """Any that the formats have, most of them small: products of large ones only saturate."""
    random = np.random.default_rng(seed)
    return [
        random.integers(S.fixed.min, S.fixed.max + 1, S.shape) >> random.integers(0, 6, S.shape)
        for S in hardware.parameter_types
    ]


def check(hardware: Hardware, seed: int, evaluator: str, directory: Path, samples: int = 6) -> None:
    """Samples as fast as they can follow, and each alone: all integers are those of NumPy."""
    start = parameters(hardware, seed)
    stream = random_samples(hardware, samples, seed)
    wanted = reference_trace(hardware, stream, start)
    design = hardware.component(start)
    stall = (0.0, 0.3, 0.7)[seed % 3]
    for alone in (False, True):
        found = simulate(design, stream, evaluator, stall, seed, directory=directory, alone=alone)
        assert found.compare(wanted) > 0


def simulated(examples: int) -> settings:
    return settings(
        max_examples=examples,
        phases=UNSHRUNK,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@simulated(5)
@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
def test_machines_give_the_integers_of_numpy(recipe: Recipe, seed: int) -> None:
    """Down to the cycle, without any circuit: a wait too short would show as a wrong number."""
    hardware = recipe.hardware()
    start, samples = parameters(hardware, seed), random_samples(hardware, 4, seed)
    wanted = reference_trace(hardware, samples, start)
    columns = [hardware.unflatten(row, hardware.x_types) for row in samples.x]
    targets = [hardware.unflatten(row, hardware.y_types) for row in np.asarray(samples.y)]
    found = simulate_machine(
        hardware.machine,
        [a.reshape(-1) for a in start],
        [np.array(arrays).reshape(4, -1) for arrays in zip(*columns, strict=True)],
        [np.array(arrays).reshape(4, -1) for arrays in zip(*targets, strict=True)],
        samples.train.tolist(),
    )
    predictions = [a.reshape(4, -1) for a in found.predictions]
    assert np.array_equal(np.concatenate(predictions, axis=1), wanted.predictions)
    assert np.array_equal(hardware.flatten(found.state), wanted.parameters[-1])


@simulated(1)
@given(recipe=recipes(widest=4, lanes=(1, 2, 3, 4)), seed=st.integers(0, 2**32 - 1))
def test_amaranth_and_numpy(recipe: Recipe, seed: int, tmp_path: Path) -> None:
    check(recipe.hardware(), seed, "amaranth", tmp_path, 3)


@pytest.mark.slow
@simulated(3)
@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
def test_cxxrtl_and_numpy(recipe: Recipe, seed: int, tmp_path: Path) -> None:
    check(recipe.hardware(), seed, "cxxrtl", tmp_path)


def test_memories_of_one_row(tmp_path: Path) -> None:
    """They have addresses without bits."""
    hardware = Recipe((1, 1), 1, False, "cross_entropy", "momentum", "12.8", 1).hardware()
    assert 1 in {memory.rows for memory in hardware.machine.memories}
    check(hardware, 0, "cxxrtl", tmp_path)


def test_icarus_and_numpy(tmp_path: Path) -> None:
    check(Recipe((5, 3, 2), lanes=3).hardware(), 1, "icarus", tmp_path, 3)


@pytest.mark.slow
@pytest.mark.parametrize("lanes", LANES)
def test_many_learners(lanes: int, tmp_path: Path) -> None:
    @simulated(15)
    @given(recipe=recipes(widest=20, lanes=(lanes,)), seed=st.integers(0, 2**32 - 1))
    def every(recipe: Recipe, seed: int) -> None:
        check(recipe.hardware(), seed, "cxxrtl", tmp_path)

    every()


@pytest.mark.slow
@pytest.mark.parametrize("evaluator", ["amaranth", "icarus", "verilator"])
def test_many_learners_in_other_simulators(evaluator: str, tmp_path: Path) -> None:
    @simulated(8)
    @given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
    def every(recipe: Recipe, seed: int) -> None:
        check(recipe.hardware(), seed, evaluator, tmp_path)

    every()


@pytest.mark.slow
@pytest.mark.parametrize("lanes", LANES)
def test_long_runs(lanes: int, tmp_path: Path) -> None:
    """Thousands of samples, in one program for all stalls."""
    hardware = Recipe((11, 7, 5), lanes=lanes).hardware()
    start, samples = parameters(hardware, lanes), random_samples(hardware, 3000, lanes)
    wanted = reference_trace(hardware, samples, start, last=True)
    for stall in (0.0, 0.2, 0.8):
        running = Running(hardware.component(start), directory=tmp_path)
        assert running.stream(samples, stall, seed=lanes).compare(wanted) > 0


@cache
def small() -> Hardware:
    return Recipe((5, 3, 2), lanes=2).hardware()


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(recipe, marks=pytest.mark.slow if k >= 1 else ())
        for k, recipe in enumerate(
            [
                Recipe((5, 3, 2), lanes=2),
                Recipe((2, 1), lanes=4),
                Recipe((20, 2), lanes=8),
                Recipe((1, 7), lanes=16),
                Recipe((1, 1), lanes=1),
                Recipe((3, 40), lanes=16),
                Recipe((2, 12), 2, lanes=16),
                Recipe((9, 2), 3, loss="cross_entropy", lanes=16),
                Recipe((1, 3), 1, True, lanes=4),
                Recipe((33, 9, 5), lanes=2),
            ]
        )
    ],
    ids=str,
)
def test_engines_take_as_many_cycles_as_they_say(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where numbers take longer on the streams than to compute."""
    monkeypatch.setattr(sim.running, "EFFORT", "-O0")
    hardware = recipe.hardware()
    report, design = hardware.report(), hardware.component()
    assert design.interval == report.interval
    for train, interval in ((1.0, report.interval), (0.0, report.predict_interval)):
        running, cycles = Running(design, directory=tmp_path), []
        for count in (12, 24):
            samples = random_samples(hardware, count, train=train)
            cycles.append(running.stream(samples).cycles)
        # Two samples in turn may take now more, now less.
        assert interval == -(-(cycles[1] - cycles[0]) // 12)


@pytest.mark.parametrize("evaluator", ["amaranth", "cxxrtl"])
def test_engines_that_only_predict(evaluator: str, tmp_path: Path) -> None:
    hardware = Recipe((5, 3, 2), rule="momentum", lanes=2).hardware(learns=False)
    start = parameters(hardware, 0)
    samples = random_samples(hardware, 5)
    assert samples.y is None
    design = hardware.component(start)
    assert not {"y", "train"} & {*design.signature.members}
    found = simulate(design, samples, evaluator, directory=tmp_path, alone=True)
    assert found.compare(reference_trace(hardware, samples, start)) > 0
    assert (found.parameters == hardware.flatten(start)).all()
    assert not found.learning_saturations.any()


def test_engines_that_only_predict_are_smaller() -> None:
    whole, part = (Recipe((5, 3, 2)).hardware(learns=learns).report() for learns in (True, False))
    assert part.memory_bits < whole.memory_bits
    assert len(part.phases) == sum(not phase.learning for phase in whole.phases)


def test_loaded_parameters_are_those_that_engines_start_from(tmp_path: Path) -> None:
    start, samples = parameters(small(), 3), random_samples(small(), 3)
    wanted = reference_trace(small(), samples, start)
    load = small().flatten(start).tolist()
    found = simulate(small().component(), samples, directory=tmp_path, load=load)
    assert found.compare(wanted) > 0


def test_the_report_counts_what_there_is() -> None:
    report = small().report()
    assert (report.parameters, report.lanes, report.multipliers) == (26, 2, 2)
    assert report.multiply_accumulates == 15 + 6 + 6 + 6 + 15
    assert report.use == report.multiply_accumulates / (2 * report.interval)
    assert report.interval > report.predict_interval
    assert report.memory_bits == sum(m.lanes * m.width * m.rows for m in report.memories)
    text = str(report)
    assert text.startswith("26 parameters; ")
    assert f"{report.use:.1%} of what the lanes can do" in text
    assert text.count("\n") == len(report.phases) + len(report.memories)


def test_verilog_explains_its_ports() -> None:
    text, interval = small().verilog(), small().report().interval
    comment = "".join(line for line in text.splitlines(True) if line.startswith("// "))
    assert "// A payload is one number: arrays one after another" in comment
    assert "//   x__payload: SQ(4,12)[1, 5]\n" in comment
    assert f"// One sample every {interval} cycles, if nothing stalls" in comment
    assert "module learner(" in text
    assert text == Recipe((5, 3, 2), lanes=2).hardware().verilog()


def test_export_says_where_parameters_are(tmp_path: Path) -> None:
    written = small().export(tmp_path)
    assert [path.name for path in written] == [
        "learner.v",
        "learner_tb.v",
        "test_learner.py",
        "reference.py",
        "learner.core",
        "README.md",
        "addresses.json",
        "report.json",
    ]
    addresses = small().addresses()
    assert list(addresses) == ["weights_1", "bias_1", "weights_2", "bias_2"]
    each = [place for places in addresses.values() for place in places]
    assert len(each) == len({*each}) == 26


def test_updates_below_half_a_step(tmp_path: Path) -> None:
    """The rate is too small for the format, as the report notes; the integers are equal still."""
    model = Recipe((4, 3)).model()
    rule, formats = layers.sgd(2**-9), Formats.uniform(8, 4)
    hardware = compile_hardware(model, rule, layers.mse, formats, Folded(lanes=2))
    assert hardware.report().notes
    check(hardware, 0, "amaranth", tmp_path, samples=3)


@pytest.mark.parametrize(
    ("width", "narrower"), [(16, ""), (17, "ice40 (16)"), (19, "ice40 (16), ecp5 (18), gowin (18)")]
)
def test_the_report_notes_factors_wider_than_a_multiplier_block(width: int, narrower: str) -> None:
    model, formats = Recipe((4, 3)).model(), Formats.uniform(width, 8)
    hardware = compile_hardware(model, layers.sgd(2**-3), layers.mse, formats, Folded(lanes=2))
    note = (
        f"each multiplier is several blocks, since factors have {width} bits with a sign, more "
        f"than those of {narrower}"
    )
    assert hardware.report().notes == ((note,) if narrower else ())


def test_the_netlist_of_an_engine_is_not_built() -> None:
    hardware = Recipe((784, 128, 10), lanes=16).hardware()
    assert hardware.component().interval > 0
    assert "netlist" not in vars(hardware)


def sentence(action: Any) -> str:
    with pytest.raises(CatgradError) as error:
        action()
    return str(error.value)


def test_errors() -> None:
    for lanes in (0, 2.5, True):
        assert sentence(lambda lanes=lanes: Folded(lanes=lanes)) == (
            f"A folded schedule needs a whole number of lanes, at least 1, not {lanes}; write "
            "Folded(lanes=8)."
        )
    assert sentence(lambda: Folded(stage_ps=0)) == (
        "A stage takes a whole number of picoseconds, at least 1, not 0; write "
        "Folded(stage_ps=6000)."
    )
    assert sentence(lambda: Folded(learns="no")) == (
        "Whether a folded engine learns is True or False, not 'no'; write Folded(learns=False) for "
        "one that only predicts."
    )
    assert sentence(lambda: Folded(timing=3)) == (
        "The timing of a folded schedule is a Timing, not 3; write "
        "Folded(timing=Timing(read=1, multiply=2)), or leave it to the family."
    )
    blocks = Recipe((2, 1)).hardware(family="ice40")
    samples = random_samples(blocks, 1)
    for run in (
        lambda: simulate(blocks.component(), samples, "cxxrtl"),
        lambda: Running(blocks.component()),
    ):
        assert sentence(run) == (
            "The design is made of blocks of ice40, which cxxrtl cannot simulate; simulate "
            "hardware.component(blocks=False): its integers are the same."
        )
    model, rule, formats = Recipe((2, 1)).model(), RULES["sgd"], FORMATS["12.8"]
    spatial = compile_hardware(model, rule, layers.mse, formats, Spatial(2))
    assert sentence(lambda: spatial.machine) == (
        "Hardware whose schedule is spatial is no folded engine and has no machine; "
        "compile it with Folded(lanes=8)."
    )
    assert sentence(lambda: compile_hardware(model, rule, layers.mse, formats, 8)) == (
        "compile_hardware needs Spatial or Folded or Serial for schedule, not int; write "
        "Spatial(cycles=1), Folded(lanes=8) or Serial()."
    )


DIGITS = ROOT / "examples" / "digits.py"


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_digits_are_learned_to_the_last_bit(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example compares all integers."""
    monkeypatch.setattr(sim.running, "EFFORT", "-O1")
    example = runpy.run_path(str(DIGITS))
    hardware = example["hardware"]("dense", loss, 8)
    [epoch] = example["learn"](hardware, loss, 1, 0, 100)
    assert epoch.equal == 10 * (100 + 360) + 2 * (64 * 32 + 32 + 32 * 10 + 10 + 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "epochs", "least"), [("cross_entropy", 10, 0.96), ("mse", 20, 0.957)]
)
def test_digits_are_learned_well(loss: str, epochs: int, least: float) -> None:
    """The mean of three seeds, after the last epoch."""
    example = runpy.run_path(str(DIGITS))
    hardware = example["hardware"]("dense", loss, 8)
    runs = [list(example["learn"](hardware, loss, epochs, seed)) for seed in range(3)]
    assert np.mean([run[-1].accuracy for run in runs]) >= least

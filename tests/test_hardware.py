"""compile_hardware: what it refuses, what it writes, how well its integers learn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from catgrad import (
    Calibration,
    CatgradError,
    Dtype,
    Fixed,
    Formats,
    NdArrayType,
    Spatial,
    compile_hardware,
    layers,
)
from catgrad.circuit import parse, to_text
from catgrad.fixed.numbers import FormatTooNarrow
from catgrad.learner import learner

ONE, TWO = (NdArrayType((n,), Dtype.float32) for n in (1, 2))

FORMATS = Formats.uniform(16, 12)


def small(formats: Formats = FORMATS, **options):
    model = layers.linear(ONE, TWO, ONE)
    return compile_hardware(model, layers.sgd(2**-4), layers.mse, formats, **options)


def samples(scale: float) -> Calibration:
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (50, 1, 2)).astype(np.float32)
    return Calibration([np.zeros((2, 1), np.float32)], [x], [scale * x.sum(axis=2, keepdims=True)])


def test_export_writes_what_belongs_together(tmp_path: Path) -> None:
    hardware = small()
    parameters = hardware.quantise_parameters([[[0.5], [-0.25]]])
    written = hardware.export(tmp_path / "out", parameters)
    assert [path.name for path in written] == [
        "learner.v",
        "reference.py",
        "learner.netlist",
        "report.json",
    ]
    verilog, reference, netlist, report = (path.read_text() for path in written)
    assert verilog == hardware.verilog(parameters)
    assert "module learner(" in verilog
    assert to_text(parse(netlist)) == netlist == to_text(hardware.netlist)
    assert json.loads(report)["parameters"] == 2
    namespace: dict = {}
    exec(reference, namespace)
    x, y = hardware.quantise_x([[1.0, 2.0]]), hardware.quantise_y([[0.5]])
    found = namespace["Reference"].step(*parameters, *x, *y)
    assert np.array_equal(found, hardware.reference.step(*parameters, *x, *y))


def test_verilog_does_not_change_from_run_to_run() -> None:
    assert small().verilog() == small().verilog()


def test_the_report_counts_what_is_there() -> None:
    report = small(schedule=Spatial(cycles=3)).report()
    assert report.parameters == 2
    assert report.multipliers == 4
    assert report.register_bits == 32
    assert (report.latency, report.interval) == (4, 4)


def test_profiled_formats_hold_the_data_that_made_them() -> None:
    float_learner = learner(layers.linear(ONE, TWO, ONE), layers.sgd(2**-4), layers.mse)
    formats = Formats.profile(float_learner, samples(3.0), width=12, headroom=0)
    hardware = small(formats, calibration=samples(3.0))
    assert {str(T.dtype) for T in hardware.x_types} == {"SQ(1,11)"}
    assert [T.fixed.width for T in hardware.y_types] == [12]


@pytest.mark.parametrize(
    ("formats", "sentence"),
    [
        (
            Formats.uniform(8, 7),
            (
                "parameter weights ranges from -0.00957892 to 2.23491, but SQ(1,7) holds -1 to "
                "0.992188; use Fixed(8, 5)."
            ),
        ),
        (
            Formats(Fixed(8, 8), Fixed(16, 12), Fixed(16, 12), Fixed(16, 12)),
            (
                "input 0 ranges from -0.994523 to 0.99442, but SQ(0,8) holds -0.5 to 0.496094; "
                "use Fixed(8, 7)."
            ),
        ),
        (
            Formats(Fixed(8, 7), Fixed(16, 12), Fixed(16, 12), Fixed(16, 12)),
            (
                "wire 3, the result of operation 1 (Compose), ranges from -1.99495 to 3.66108, but "
                "SQ(1,7) holds -1 to 0.992188; use Fixed(8, 5)."
            ),
        ),
        (
            Formats(Fixed(16, 12), Fixed(16, 12), Fixed(16, 12), Fixed(8, 7)),
            (
                "target 0 ranges from -5.65499 to 5.86827, but SQ(1,7) holds -1 to 0.992188; "
                "use Fixed(8, 4)."
            ),
        ),
        (
            Formats(Fixed(16, 12), Fixed(16, 12), Fixed(6, 5), Fixed(16, 12)),
            (
                "the gradient at wire 1, the result of operation 0 (SGD), ranges from -5.46152 to "
                "0.431268, but SQ(1,5) holds -1 to 0.96875; use Fixed(6, 2)."
            ),
        ),
    ],
)
def test_formats_that_cannot_hold_the_data_are_refused(formats: Formats, sentence: str) -> None:
    with pytest.raises(FormatTooNarrow) as error:
        small(formats, calibration=samples(3.0))
    assert str(error.value) == sentence


def test_errors() -> None:
    with pytest.raises(CatgradError) as cycles:
        Spatial(cycles=0)
    assert str(cycles.value) == (
        "A schedule needs a whole number of cycles, at least 1, not 0; write Spatial(cycles=1)."
    )
    with pytest.raises(CatgradError) as shape:
        small().quantise_parameters([np.zeros((3, 1))])
    assert str(shape.value) == (
        "parameter weights has shape (3, 1), not (2, 1); give an array of type SQ(4,12)[2, 1]."
    )
    with pytest.raises(CatgradError) as infinite:
        small().quantise_x([[1.0, np.inf]])
    assert str(infinite.value) == (
        "x holds inf at index [0, 1]; fixed point has no such number, so remove or replace it."
    )
    tame = samples(1.0)
    wild = Calibration(tame.parameters, [tame.x[0] * 1e20], [tame.y[0] * 1e20])
    with pytest.raises(CatgradError) as diverging:
        small(calibration=wild)
    assert str(diverging.value) == (
        "The float learner diverges on these samples: a wire leaves the range of float32; "
        "lower the rate, scale the data, or start from smaller parameters."
    )


def test_wires_too_wide_for_int64_are_refused() -> None:
    with pytest.raises(CatgradError) as error:
        _ = small(Formats.uniform(36, 30)).reference
    assert str(error.value) == (
        "predict: wire prediction_exact would hold SQ(13,60), 73 bits, but integer NumPy carries "
        "signed formats of up to 63; use narrower formats for its operands."
    )

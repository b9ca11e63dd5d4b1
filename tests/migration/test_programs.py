"""Programs of catgrad 0.2.2 run here, and compute what they computed there."""

from __future__ import annotations

import ast
import json
import sys
from typing import Any

import numpy as np
import pytest

from tests.migration import peer, programs

RECORD: dict[str, list[Any]] = json.loads(peer.RECORD.read_text())

WIDENED = np.dtype(np.int64), np.dtype(np.int32)
"""A sum of int32, which 0.2.2 gave as int64, whatever type it stated."""

CORRECTED = {"operations/143"}
"""What is different on purpose: the reverse map of `Invert` on int32."""


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("program", programs.PROGRAMS, ids=lambda program: program.__name__)
def test_a_program_computes_what_it_did(program: Any) -> None:
    results = program()
    names = [name for name in RECORD if name.split("/")[0] == program.__name__]
    assert len(results) == len(names)
    for name, x in zip(names, results, strict=True):
        shape, scale, *means = peer.summary(np.asarray(x))
        expected_shape, expected_scale, *expected = RECORD[name]
        assert shape == expected_shape, name
        if name in CORRECTED:
            continue
        assert scale == pytest.approx(expected_scale, rel=1e-3), name
        assert means == pytest.approx(expected, abs=1e-3 * expected_scale), name


def test_the_record_holds_every_program() -> None:
    assert {name.split("/")[0] for name in RECORD} == {x.__name__ for x in programs.PROGRAMS}


def test_programs_import_what_0_2_2_had() -> None:
    """Nothing of what they call is younger than 0.2.2."""
    tree = ast.parse(peer.PROGRAMS.read_text())
    modules = {x.module for x in ast.walk(tree) if isinstance(x, ast.ImportFrom)}
    ours = {f"{module}" for module in modules if f"{module}".startswith("catgrad")}
    assert ours <= {
        "catgrad",
        "catgrad.bidirectional",
        "catgrad.bidirectional.functor",
        "catgrad.bidirectional.operation",
        "catgrad.combinators",
        "catgrad.compile",
        "catgrad.core",
        "catgrad.signature",
        "catgrad.special.definition",
        "catgrad.special.parameter",
        "catgrad.target.python",
        "catgrad.target.python.array_backend",
        "catgrad.target.python.special",
    }


@pytest.mark.slow
def test_side_by_side_with_0_2_2() -> None:
    """0.2.2 itself runs the programs, in an environment made from PyPI."""
    for x in peer.differences(peer.results(peer.peer()), peer.results([sys.executable])):
        assert x.shapes[0] == x.shapes[1], x
        assert x.dtypes[0] == x.dtypes[1] or x.dtypes == WIDENED, x
        assert (x.error < 1e-4) == (x.name not in CORRECTED), x

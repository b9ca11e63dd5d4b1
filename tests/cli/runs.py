"""A small run: two numbers, three classes, and a board that Verilator simulates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catgrad.cli import main

FILE = """\
import numpy as np

from catgrad import Dtype, Formats, NdArrayType, Spatial, compile_hardware, layers

def T(n):
    return NdArrayType((n,), Dtype.float32)

model = layers.linear(T(1), T(2), T(3))
wide = layers.linear(T(1), T(3), T(3))
hardware = compile_hardware(
    model, layers.sgd(0.25), layers.mse, Formats.uniform(8, 5), Spatial(cycles=1)
)

def data():
    random = np.random.default_rng(7)
    classes = random.integers(0, 3, 32)
    x = np.eye(3)[classes][:, :2] + random.normal(0, 0.1, (32, 2))
    y = np.eye(3)[classes]
    return {"x": x[:24], "y": y[:24], "x_test": x[24:], "y_test": y[24:]}
"""

COMMAND = ("train", "program.py", "--simulate", "--checkpoint", "run.npz", "--every", "10")


def trained(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """The result of a run."""
    assert main([*COMMAND, "--json", *options]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def arrays(path: Path | str) -> dict[str, Any]:
    """The arrays of a checkpoint, as lists."""
    with np.load(path) as file:
        return {name: file[name].tolist() for name in file.files}


def said(captured: str) -> Sequence[str]:
    """The lines that are not steps under way."""
    return [line for line in captured.splitlines() if not line.endswith(" ...")]

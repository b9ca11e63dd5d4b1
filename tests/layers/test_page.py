"""What docs/layers.md shows is so."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catgrad import layers
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.optic import Optic
from catgrad.learner import learner

PAGE = (Path(__file__).parents[2] / "docs" / "layers.md").read_text()

ELSEWHERE = {"Copy", "Discard", "Negate", "Invert", "ScaleInverse", "ReduceSum", "ReduceProduct"}
ELSEWHERE |= {"ReduceMax", "ReduceMin", "SGD", "MSE", "Optic", "Lens", "Dagger", "Definition"}
"""What wires do by themselves, or `reduce_sum` and the like; and what is no operation on arrays."""


def test_the_programs_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    layer, model, order, own = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(layer, names)
    assert f"    {capsys.readouterr().out}" in PAGE
    exec(model, names)
    exec(order, names)
    made = learner(names["model"], names["rule"], layers.mse)
    assert {"slope", "weights"} == {*made.parameter_names}

    x, w = np.array([[-2.0, 1, -1, 3]] * 8), np.eye(4, 3)
    given = {"slope": np.array([0.5, 9, 0, 9]), "weights": w}
    parameters = [given[name] for name in made.parameter_names]
    [y] = names["CompiledModel"].predict(*parameters, x)
    assert y[0].tolist() == [-1, 1, 0]

    exec(own, names)
    target = y + np.array([1e-5, 1, -1])
    learned = names["CompiledModel"].step(*parameters, x, target)
    weights = learned[made.parameter_names.index("weights")]
    assert (weights[:, 0] == w[:, 0]).all()
    assert (weights[:2, 1] != w[:2, 1]).all()


def test_the_page_lists_the_operations() -> None:
    [table] = re.findall(r"## Operations\n(.*?)\n## ", PAGE, re.DOTALL)
    listed = set(re.findall(r"`(\w+)(?:\.\w+)?[`(]", table)) - {"T", "N", "A", "B", "help"}
    assert [name for name in listed if not hasattr(B, name)] == []
    classes = {name: x for name in B.__all__ if inspect.isclass(x := getattr(B, name))}
    operations = {name for name, x in classes.items() if issubclass(x, Optic)} | {"Definition"}
    assert operations - ELSEWHERE == listed & {*classes}

"""Operations that are Python functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catgrad import CatgradError, Dtype, NdArrayType, compile_model, layers, obj, op
from catgrad.bidirectional.optic import Optic
from catgrad.combinators import identity
from catgrad.core.operation import Add, Copy, Negate
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.target.python import to_python_class, to_python_class_ast, to_python_function
from catgrad.target.python.special import IdentityPythonOp, PythonOp

T = NdArrayType((2, 3), Dtype.float32)
x, y = np.random.default_rng(0).normal(size=(2, 2, 3)).astype(np.float32)


@dataclass(frozen=True)
class AddSub(PythonOp):
    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T, self.T)

    def target(self) -> Labels:
        return obj(self.T, self.T)

    def __call__(self, *arrays: Any) -> Sequence[Any]:
        a, b = arrays
        return [a + b, a - b]


@dataclass(frozen=True)
class Returning(PythonOp):
    """What a function gives, whatever it is."""

    function: Callable[[Any], Any]

    def source(self) -> Labels:
        return obj(T)

    def target(self) -> Labels:
        return obj(T)

    def __call__(self, *arrays: Any) -> Any:
        return self.function(*arrays)


def sentence(action: Callable[[], object]) -> str:
    with pytest.raises(CatgradError) as error:
        action()
    return str(error.value)


def test_it_is_called_by_name() -> None:
    f = (op(Negate(T)) @ identity(obj(T))) >> op(AddSub(T)) >> op(AddSub(T))
    Model = to_python_class({"fn": f})
    found = Model.fn(x, y)
    assert np.array_equal(found[0], (-x + y) + (-x - y))
    assert np.array_equal(found[1], (-x + y) - (-x - y))
    assert Model.source.count("= add_sub(") == 2


def test_a_local_name_does_not_hide_it() -> None:
    @dataclass(frozen=True)
    class X(IdentityPythonOp):
        def symbol(self) -> str:
            return "x"

    [found] = to_python_function(op(X(T)))(x)
    assert np.array_equal(found, x)


def test_its_results_are_its_own() -> None:
    """Source may write over a result, so an operation that returns its input gives a copy."""
    f = op(Copy(T)) >> (op(IdentityPythonOp(T)) @ identity(obj(T))) >> op(Add(T))
    before = x.copy()
    [found] = to_python_function(f)(x)
    assert np.array_equal(found, 2 * x)
    [same] = to_python_function(op(IdentityPythonOp(T)))(x)
    assert not np.may_share_memory(same, x)
    assert np.array_equal(x, before)


def test_a_model_learns_through_one_with_a_reverse_map() -> None:
    @dataclass(frozen=True)
    class Cubed(PythonOp, Optic):
        """``x³``, the derivative in Python as well."""

        T: NdArrayType
        back: bool = False

        def source(self) -> Labels:
            return obj(self.T, self.T) if self.back else obj(self.T)

        def target(self) -> Labels:
            return obj(self.T)

        def __call__(self, *arrays: Any) -> Sequence[Any]:
            return [3 * arrays[0] ** 2 * arrays[1]] if self.back else [arrays[0] ** 3]

        def to_core(self) -> OpenHypergraph:
            return op(self)

        def residual(self) -> Labels:
            return obj(self.T)

        def fwd(self) -> OpenHypergraph:
            return op(Copy(self.T)) >> (op(self) @ identity(obj(self.T)))

        def rev(self) -> OpenHypergraph:
            return op(Cubed(self.T, back=True))

    A, B, C = (NdArrayType((n,), Dtype.float64) for n in (2, 3, 4))
    model = layers.linear(A, B, C) >> op(Cubed(A + C))
    Model, _, _ = compile_model(model, layers.sgd(0.01), layers.mse)
    weights = np.random.default_rng(1).normal(size=(3, 4))
    data, target = np.ones((2, 3)), np.zeros((2, 4))
    [found] = Model.step(weights, data, target)
    z = data @ weights
    assert np.allclose(found, weights - 0.01 * data.T @ (3 * z**2 * z**3))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (
            lambda a: a,
            (
                "Returning has 1 output, but its function returned one ndarray; return a list with "
                "an array for each."
            ),
        ),
        (
            lambda a: [a, a],
            (
                "Returning has 1 output, but its function returned 2; return a list with an array "
                "for each."
            ),
        ),
        (
            lambda a: [a[:1]],
            (
                "Returning: output 0 has shape (1, 3), not (2, 3); pass an array of type "
                "float32[2, 3]."
            ),
        ),
    ],
)
def test_what_it_returns_is_checked(function: Any, expected: str) -> None:
    assert sentence(lambda: to_python_function(op(Returning(function)))(x)) == expected


def test_it_has_no_source_of_its_own(tmp_path: Path) -> None:
    Model = to_python_class({"fn": op(AddSub(T))}, "Model")
    assert sentence(lambda: Model.save_source(tmp_path / "model.py")) == (
        "Model calls add_sub, Python code of this process, and so has no source that stands "
        "alone; express it by other operations."
    )
    assert sentence(lambda: to_python_class_ast({"fn": op(AddSub(T))}, "Model")) == (
        "Model calls add_sub, Python code of this process, and so has no source that stands "
        "alone; use to_python_class, or express it by other operations."
    )
    assert list(tmp_path.iterdir()) == []

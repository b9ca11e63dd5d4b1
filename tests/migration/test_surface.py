"""The names of catgrad 0.2.2: each is here, or docs/migrating.md says what took its place."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.migration import peer

PAGE = Path(__file__).parents[2] / "docs" / "migrating.md"

SURFACE = {
    "catgrad": "obj NdArrayType Dtype layers compile_model",
    "catgrad.signature": "Shape Dtype NdArrayType obj op singleton Typed",
    "catgrad.combinators": "unit identity twist transpose permutation canonical",
    "catgrad.compile": "compile_model rdiff",
    "catgrad.layers": "flatten linear bias dense sigmoid relu sgd mse parameter",
    "catgrad.core.operation": (
        "Copy NCopy Discard NSplit NConcatenate Add NAdd NMax Negate Invert Subtract Constant "
        "Reshape Permute Multiply Gt Divide Power MatrixMultiply Compose exp1 "
        # what `import *` brought along, and programs took from there
        "NdArrayType obj op"
    ),
    "catgrad.bidirectional.operation": (
        "Optic Lens Dagger Copy NCopy Discard NSplit NConcatenate Add NAdd Subtract Negate Invert "
        "Constant Reshape Permute Gt Multiply ScaleInverse Exponentiate MatrixMultiply Compose "
        "Sigmoid SGD MSE copy discard add zero subtract negate multiply constant increment scale "
        "scale_inverse exponentiate gt gt_constant sigmoid relu sgd mse "
        "NdArrayType obj op Definition unit identity twist transpose permutation canonical"
    ),
    "catgrad.bidirectional.functor": "Forget Bidirectional",
    "catgrad.special.definition": "Definition Inline inline",
    "catgrad.special.parameter": "Parameter parameter factor_parameters factor",
    "catgrad.target.python": "to_python_function to_python_class to_python_class_ast",
    "catgrad.target.python.special": "PythonOp IdentityPythonOp",
    "catgrad.target.python.array_backend": "Numpy Torch ArrayBackend",
    "catgrad.target.python.array_backend.numpy": "Numpy",
    "catgrad.target.python.array_backend.torch": "Torch",
    "catgrad.target.python.array_backend.type": "ArrayBackend",
}

GONE = re.findall(r"^\| `(catgrad[\w.]+)` \|", PAGE.read_text(), re.MULTILINE)
"""What the page says something about; a module stands for all of its names."""


@pytest.mark.parametrize("module", SURFACE)
def test_names_are_here(module: str) -> None:
    missing = [name for name in SURFACE[module].split() if not hasattr(import_module(module), name)]
    assert missing == []


@pytest.mark.parametrize("module", SURFACE)
def test_names_come_with_a_star(module: str) -> None:
    names: dict[str, object] = {}
    exec(f"from {module} import *", names)
    assert {*SURFACE[module].split()} - {*names} == set()


@pytest.mark.parametrize("name", GONE)
def test_what_the_page_calls_gone_is_gone(name: str) -> None:
    module, _, last = name.rpartition(".")
    assert not hasattr(import_module(module), last)


@pytest.mark.slow
def test_every_name_of_0_2_2_is_accounted_for() -> None:
    here = {f"{module}.{name}" for module, names in SURFACE.items() for name in names.split()}
    lost = [
        name
        for name in peer.names()
        if name not in here and not any(f"{name}.".startswith(f"{gone}.") for gone in GONE)
    ]
    assert lost == []

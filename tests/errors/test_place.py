"""An error says which line of the user's own program led to it."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catgrad import CatgradError, Dtype, NdArrayType, layers, obj
from catgrad.combinators import canonical, identity
from catgrad.core.operation import Add, Negate, Reshape, op
from catgrad.errors import Place
from catgrad.target.python import to_python_function

A, B, C = (NdArrayType((n,), Dtype.float32) for n in (2, 3, 4))

MODEL = """\
from catgrad import layers

def build(A, B, C):
    first = layers.linear(A, B, C)
    return (
        first
        >> layers.bias(C, batch=A)
        >> layers.linear(A, B, C)
    )

def reshaped(T, U):
    if T:
        return op(Reshape(T, U))  # here

def negated(A):
    return canonical(lambda T: op(Reshape(T, T + 2)))(A)

def long(f):
    return (
        f
        >> f  # 1
        >> f  # 2
        >> f  # 3
        >> f  # 4
        >> f  # 5
        >> f  # 6
        >> f  # 7
        >> f  # 8
        >> identity(obj())
    )
"""


def program(source: str = MODEL, file: str = "model.py") -> dict[str, Any]:
    """A user's program, whose lines a traceback can show."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names = {"op": op, "Reshape": Reshape, "canonical": canonical, "identity": identity, "obj": obj}
    exec(compile(source, file, "exec"), names)
    return names


def error(action: Callable[[], object]) -> CatgradError:
    with pytest.raises(CatgradError) as raised:
        action()
    return raised.value


def test_a_composition_that_does_not_fit() -> None:
    e = error(lambda: program()["build"](A, B, C))
    assert str(e) == (
        "Cannot compose: output 0 of the first program, from Add, is float32[2, 4] but input 0 of "
        "the second, into Compose, is float32[2, 3]; make them equal."
    )
    lines = "first\n>> layers.bias(C, batch=A)\n>> layers.linear(A, B, C)"
    assert e.place == Place("model.py", 6, "build", lines)
    [note] = e.__notes__
    assert note == (
        "at model.py:6, in build:\n"
        "    first\n"
        "    >> layers.bias(C, batch=A)\n"
        "    >> layers.linear(A, B, C)"
    )


def test_an_operation_that_is_not_defined() -> None:
    e = error(lambda: program()["reshaped"](A, B))
    assert e.place == Place("model.py", 13, "reshaped", "return op(Reshape(T, U))  # here")


def test_the_innermost_line_counts() -> None:
    """Here it is in a function that catgrad calls."""
    e = error(lambda: program()["negated"](obj(A)))
    assert e.place is not None
    assert (e.place.line, e.place.function) == (16, "<lambda>")


def test_long_expressions_are_cut() -> None:
    f = op(Negate(A))
    e = error(lambda: program()["long"](f))
    assert e.place is not None
    assert e.place.text == (
        "f\n>> f  # 1\n>> f  # 2\n>> f  # 3\n...\n>> f  # 6\n>> f  # 7\n>> f  # 8\n"
        ">> identity(obj())"
    )


def test_the_line_that_calls_a_generated_function() -> None:
    f = to_python_function(op(Add(A)))
    names = program("def call(f, x):\n    return f(x, x[:1])\n", "caller.py")
    e = error(lambda: names["call"](f, np.zeros(2, np.float32)))
    assert e.place == Place("caller.py", 2, "call", "return f(x, x[:1])")


def test_a_place_without_source() -> None:
    names: dict[str, Any] = {"layers": layers}
    exec(compile("def f(A):\n    return layers.flatten(A, A + 2)", "<typed>", "exec"), names)
    e = error(lambda: names["f"](A))
    assert str(e.place) == "at <typed>:2, in f"


def test_a_traceback_shows_the_place_below_the_sentence() -> None:
    e = error(lambda: program()["reshaped"](A, B))
    assert "".join(traceback.format_exception_only(e)) == (
        f"catgrad.core.types.TypeMismatch: {e}\n"
        "at model.py:13, in reshaped:\n"
        "    return op(Reshape(T, U))  # here\n"
    )

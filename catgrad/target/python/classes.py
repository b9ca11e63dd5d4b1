"""Source brought to life: classes and functions from programs."""

from __future__ import annotations

import ast
import hashlib
import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from catgrad.hypergraph import OpenHypergraph
from catgrad.publish import publish
from catgrad.target.python.array_backend import Numpy
from catgrad.target.python.checks import checked
from catgrad.target.python.source import Function, Functions, as_functions, to_source


class Compiled:
    """What a compiled class has beside the functions of its source."""

    source: ClassVar[str]
    """The text that the class was made from."""

    def __init__(self, backend: type[Numpy] = Numpy) -> None:
        self.backend = backend

    @classmethod
    def save_source(cls, path: str | Path) -> Path:
        """Write the source to a file, which appears whole or not at all; returns its path."""
        return publish(path, cls.source)


def compile_class(source: str, functions: Functions | None = None) -> Any:
    """The last class that a source defines, with `source` and `save_source` (see `Compiled`).

    Tracebacks through it show its source. Given the functions that the source was written from,
    its methods check their arguments: shape, dtype, finite numbers, range.
    """
    filename = f"<catgrad {hashlib.sha256(source.encode()).hexdigest()[:12]}>"
    # An entry without a modification time stays in the cache.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": filename}
    exec(compile(source, filename, "exec"), namespace)
    written = [value for value in namespace.values() if isinstance(value, type)][-1]
    methods = {
        name: staticmethod(
            checked(getattr(written, name), name, f.argument_names(), list(f.program.source))
        )
        for name, f in as_functions(functions or {}).items()
    }
    members = {"source": source, "__doc__": written.__doc__, "__module__": filename, **methods}
    return type(written.__name__, (written, Compiled), members)


def to_python_class(fs: Functions, class_name: str = "Dynamic", return_ast: bool = False) -> Any:
    """A class with a method for each program; with `return_ast`, its syntax tree as well.

    >>> from catgrad.core.operation import Negate
    >>> from catgrad.core.types import Dtype, NdArrayType, op
    >>> Model = to_python_class({"mirror": op(Negate(NdArrayType((2,), Dtype.float32)))})
    >>> Model().mirror([1, -2])
    [array([-1.,  2.], dtype=float32)]
    """
    source = to_source(fs, class_name)
    compiled = compile_class(source, fs)
    return (compiled, ast.parse(source)) if return_ast else compiled


def to_python_class_ast(fs: Functions, class_name: str = "Dynamic") -> ast.Module:
    """The syntax tree of the source of a class."""
    return ast.parse(to_source(fs, class_name))


def to_python_function(
    f: Function | OpenHypergraph,
    function_name: str = "fn",
    array_backend: type[Numpy] = Numpy,
) -> Callable[..., list[Any]]:
    """One program as a function that returns a list of arrays."""
    compiled = to_python_class({function_name: f})
    function: Callable[..., list[Any]] = getattr(compiled(array_backend), function_name)
    return function

"""Source brought to life: classes and functions from programs."""

from __future__ import annotations

import ast
import hashlib
import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.publish import publish
from catgrad.target.python.array_backend import ArrayBackend, Numpy
from catgrad.target.python.checks import checked
from catgrad.target.python.indices import index_ranges
from catgrad.target.python.interface import Function, Functions, as_functions
from catgrad.target.python.source import Module, to_source
from catgrad.target.python.special import callback


class Compiled:
    """What a compiled class has beside the functions of its source."""

    source: ClassVar[str]
    """The text that the class was made from."""

    _functions: ClassVar[tuple[str, ...]]
    _callbacks: ClassVar[tuple[str, ...]]

    def __init__(self, backend: type[ArrayBackend] = Numpy) -> None:
        if not callable(getattr(backend, "lift", None)):
            raise CatgradError(
                f"{type(self).__name__} takes an array backend, not {backend!r}; give Numpy or "
                f"Torch, from catgrad.target.python.array_backend, or nothing for NumPy."
            )
        self.backend = backend
        if backend is not Numpy:
            for name in self._functions:
                setattr(self, name, backend.lift(getattr(type(self), name)))

    @classmethod
    def save_source(cls, path: str | Path) -> Path:
        """Write the source to a file, which appears whole or not at all; returns its path.

        It imports NumPy and nothing else, so its functions check no arguments: they take arrays of
        the shapes and dtypes that their docstrings state, and indices from 0 on.
        """
        if cls._callbacks:
            raise CatgradError(
                f"{cls.__name__} calls {', '.join(cls._callbacks)}, Python code of this process, "
                f"and so has no source that stands alone; express it by other operations."
            )
        if not isinstance(path, str | PathLike):
            raise CatgradError(
                f"The source is saved to a path, not to {path!r}; give one such as 'model.py'."
            )
        return publish(path, cls.source)


def compile_class(
    source: str,
    functions: Functions | None = None,
    callbacks: Mapping[str, Callable[..., Any]] | None = None,
) -> Any:
    """The last class that a source defines, with `source` and `save_source` (see `Compiled`).

    Tracebacks through it show its source. Given the functions that the source was written from,
    its methods check their arguments: shape, dtype, finite numbers, range. `callbacks` are the
    functions that the source calls and does not define.
    """
    filename = f"<catgrad {hashlib.sha256(source.encode()).hexdigest()[:12]}>"
    # An entry without a modification time stays in the cache.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    callbacks = callbacks or {}
    namespace: dict[str, Any] = {"__name__": filename, **callbacks}
    exec(compile(source, filename, "exec"), namespace)
    written = [value for value in namespace.values() if isinstance(value, type)][-1]
    methods = {
        name: staticmethod(
            checked(
                getattr(written, name),
                name,
                f.argument_names,
                list(f.program.source),
                index_ranges(f.program),
                f.learned,
            )
        )
        for name, f in as_functions(functions or {}).items()
    }
    members = {
        "source": source,
        "_functions": tuple(methods),
        "_callbacks": tuple(callbacks),
        "__doc__": written.__doc__,
        "__module__": filename,
        **methods,
    }
    return type(written.__name__, (written, Compiled), members)


def to_python_class(
    fs: Functions,
    class_name: str = "Dynamic",
    return_ast: bool = False,
    later: Mapping[str, Callable[[], Function]] | None = None,
) -> Any:
    """A class with a method for each program; with `return_ast`, its syntax tree as well.

    The programs in `later` are made when they are first asked for: when such a method is looked
    up, or the source, or something in the syntax tree, all of which hold every function.

    >>> from catgrad.core.operation import Negate
    >>> from catgrad.core.types import Dtype, NdArrayType, op
    >>> Model = to_python_class({"mirror": op(Negate(NdArrayType((2,), Dtype.float32)))})
    >>> Model().mirror([1, -2])
    [array([-1.,  2.], dtype=float32)]
    """
    module = Module.of(fs, class_name)
    callbacks = {name: callback(operation) for operation, name in module.callbacks.items()}
    compiled = compile_class(module.text(), fs, callbacks)
    if later:
        _postpone(compiled, fs, later)
    return (compiled, Tree(lambda: str(compiled.source))) if return_ast else compiled


def _postpone(compiled: Any, fs: Functions, later: Mapping[str, Callable[[], Function]]) -> None:
    """Give a class further functions, and the source of all, once somebody looks."""

    @cache
    def whole() -> Any:
        functions = {**fs, **{name: f() for name, f in later.items()}}
        return to_python_class(functions, compiled.__name__)

    for name in ("source", "_callbacks", *later):
        setattr(compiled, name, _Later(whole, name))
    compiled._functions = (*compiled._functions, *later)


@dataclass(frozen=True)
class _Later:
    """An attribute of a class that is the attribute of another, which is made for it."""

    whole: Callable[[], Any]
    name: str

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return getattr(self.whole(), self.name)


class Tree(ast.Module):
    """The syntax tree of a source, which is read when somebody first looks into the tree."""

    def __init__(self, source: Callable[[], str] = str) -> None:
        super().__init__(body=[], type_ignores=[])
        self._source = source
        del self.body

    def __getattr__(self, name: str) -> Any:
        if name != "body":
            raise AttributeError(f"a syntax tree has no attribute {name!r}")
        self.body = ast.parse(self._source()).body
        return self.body


# To `ast` a node is what its class is called.
Tree.__name__ = "Module"


def to_python_class_ast(fs: Functions, class_name: str = "Dynamic") -> ast.Module:
    """The syntax tree of the source of a class."""
    return ast.parse(to_source(fs, class_name))


def to_python_function(
    f: Function | OpenHypergraph,
    function_name: str = "fn",
    array_backend: type[ArrayBackend] = Numpy,
) -> Callable[..., list[Any]]:
    """One program as a function that returns a list of arrays."""
    compiled = to_python_class({function_name: f})
    function: Callable[..., list[Any]] = getattr(compiled(array_backend), function_name)
    return function

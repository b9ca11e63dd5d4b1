"""What ``FILE:NAME`` on a command line names: something in a Python file."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from catgrad.dsp import Filter
from catgrad.errors import CatgradError
from catgrad.hardware import Hardware
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import Learner

Target = OpenHypergraph | Learner | Hardware | Filter
KINDS = (OpenHypergraph, Learner, Hardware, Filter)
MODEL = "model"
"""What is taken of a file that holds several programs, unless another is asked for."""

MODULE = "catgrad_file"  # what a file is called while it runs, so that it is not __main__


def split(target: str) -> tuple[Path, str | None]:
    """``FILE:NAME`` or ``FILE``.

    >>> split("examples/iris.py:model")
    (PosixPath('examples/iris.py'), 'model')
    """
    file, colon, name = target.partition(".py:")
    return (Path(f"{file}.py"), name) if colon and name else (Path(target), None)


def load(path: Path) -> ModuleType:
    """Run a Python file, as a module that is not ``__main__``; files beside it can be imported.

    Raises `CatgradError` when it is not a file of Python, or raises an exception.
    """
    if not path.is_file():
        what = "a directory" if path.is_dir() else "not there"
        raise CatgradError(f"{path} is {what}; name a Python file that builds a program.")
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise CatgradError(f"{path} is not a Python file; name one that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    sys.path.insert(0, str(path.resolve().parent))
    with blamed(path):
        spec.loader.exec_module(module)
    return module


def find(module: ModuleType, path: Path, name: str | None) -> tuple[Target, str]:
    """The program in a file, and its name; without a name, the only one there is, or `model`.

    A name may be an expression, as in ``Gpt(65).model()``; the program is then named after the
    file. A function that can be called without arguments stands for what it returns.
    """
    found = candidates(module)
    if name is None:
        if not found:
            uncalled = functions(module)
            named = f", or name a function, as in {path}:{uncalled[0]}" if uncalled else ""
            raise CatgradError(
                f"{path} holds no program; assign one to a name, or write a function that returns "
                f"an OpenHypergraph{named}."
            )
        if len(found) > 1 and MODEL not in found:
            raise CatgradError(
                f"{path} holds several programs ({', '.join(found)}); name one of them, as in "
                f"{path}:{found[0]}."
            )
        name = MODEL if MODEL in found else found[0]
    if name.isidentifier() and not hasattr(module, name):
        have = ", ".join(dict.fromkeys([*found, *functions(module)]))
        have = f"it has {have}" if have else "it holds no program"
        raise CatgradError(f"There is no {name} in {path}; {have}.")
    value = called(evaluated(module, path, name), path, name)
    if not isinstance(value, KINDS):
        raise CatgradError(
            f"{path}:{name} is of type {type(value).__name__}, not a program; name an "
            f"OpenHypergraph, a Learner, a Hardware, a Filter, or a function that returns one."
        )
    return value, name if name.isidentifier() else path.stem


def evaluated(module: ModuleType, path: Path, expression: str) -> Any:
    """An expression in the words of a file."""
    try:
        return eval(expression, vars(module))
    except CatgradError:
        raise
    except (Exception, SystemExit) as error:
        raise CatgradError(
            f"{path}:{expression} cannot be evaluated, {type(error).__name__} ({error}); name "
            f"a program in the file, or write an expression that gives one."
        ) from error


def candidates(module: ModuleType) -> list[str]:
    """The names in a file that are programs, or functions without arguments that return one."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and (isinstance(value, KINDS) or returns_program(value))
    ]


def returns_program(value: object) -> bool:
    """Whether this is a function of a loaded file that says that it returns a program."""
    if not inspect.isfunction(value) or value.__module__ != MODULE:
        return False
    result = value.__annotations__.get("return", "")
    text = result if isinstance(result, str) else getattr(result, "__name__", "")
    return text in {kind.__name__ for kind in KINDS} and not required(value)


def functions(module: ModuleType) -> list[str]:
    """The functions of a loaded file that can be called without arguments."""
    return [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == MODULE
        and not name.startswith("_")
        and value.__name__ != "<lambda>"
        and not required(value)
    ]


def required(function: Callable[..., Any]) -> list[str]:
    """The arguments that a function cannot be called without."""
    return [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


def called(value: Any, path: Path, name: str) -> Any:
    """The result of a function, or the value itself."""
    if not inspect.isfunction(value):
        return value
    if missing := required(value):
        raise CatgradError(
            f"{path}:{name} cannot be called without {', '.join(missing)}; give all arguments a "
            f"default, or assign the program to a name."
        )
    with blamed(path):
        return value()


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """An exception in the code of a file, as a sentence with the line that it comes from."""
    try:
        yield
    except CatgradError as error:
        raise CatgradError(f"{place(path, error)}: {error}") from error
    except SyntaxError as error:
        line = f":{error.lineno}" if error.lineno else ""
        raise CatgradError(
            f"{path}{line}: this is not Python ({error.msg}); correct the file."
        ) from error
    except (Exception, SystemExit) as error:
        said = f" ({error})" if str(error) else ""
        raise CatgradError(
            f"{place(path, error)}: running this raises {type(error).__name__}{said}; run the file "
            f"with Python to see all of it."
        ) from error


def place(path: Path, error: BaseException) -> str:
    """The file with the last line of it that an exception went through."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve() == path.resolve()
    ]
    return f"{path}:{lines[-1]}" if lines else str(path)

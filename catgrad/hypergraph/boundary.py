"""What stands between two programs that do not compose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from catgrad.hypergraph.array import host
from catgrad.hypergraph.errors import ArrowTypeError
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.segmented import SegmentedArray
from catgrad.hypergraph.text import plural

if TYPE_CHECKING:
    from catgrad.hypergraph.open_hypergraph import OpenHypergraph


def check_boundary(f: OpenHypergraph, g: OpenHypergraph) -> None:
    """Raise ``ArrowTypeError`` unless the outputs of ``f`` have the labels of the inputs of ``g``.

    The error names the operations on both sides of the first wire that does not fit.
    """
    B, A = f.target, g.source
    if B == A:
        return
    if len(B) != len(A):
        raise ArrowTypeError(
            f"Cannot compose: the first program has {plural(len(B), 'output')} {B} but the second "
            f"has {plural(len(A), 'input')} {A}; make them equal, or copy or discard wires."
        )
    i, b, a = next((i, b, a) for i, (b, a) in enumerate(zip(B, A, strict=True)) if b != a)
    writer, reader = _touching(f, f.H.t, f.t(i)), _touching(g, g.H.s, g.s(i))
    raise ArrowTypeError(
        f"Cannot compose: output {i} of the first program{writer and f', from {writer},'} is {b} "
        f"but input {i} of the second{reader and f', into {reader},'} is {a}; make them equal"
        f"{', or insert a reshape' if _reshapes(b, a) else ''}."
    )


def _reshapes(b: Any, a: Any) -> bool:
    """Whether two labels are types of arrays that hold equally many numbers of one kind."""
    return all(hasattr(T, name) for T in (a, b) for name in ("size", "dtype")) and (
        a.size,
        a.dtype,
    ) == (b.size, b.dtype)


def require_program(place: str, value: object) -> None:
    """Raise ``ArrowTypeError`` unless a value is a program; `place` says what it is given for."""
    if not _is_program(value):
        what, remedy = described(value)
        raise ArrowTypeError(f"{place} has to be a program, not {what}; {remedy}.")


def _is_program(value: object) -> bool:
    return all(hasattr(type(value), name) for name in ("dagger", "tensor_list"))


def described(value: object) -> tuple[str, str]:
    """What a message calls something that is not a program, and how to make a program of it."""
    name = getattr(value, "__name__", type(value).__name__)
    if _is_program(value):
        return "a program", "use it as it is"
    if isinstance(value, type):
        return f"the class {name}", f"give it its types, as in op({name}(T))"
    if callable(getattr(value, "source", None)):
        return f"the operation {name_of(value)}", "make it a program by op(...)"
    if callable(value) and hasattr(value, "is_family"):
        return f"{name}, a family of programs", f"choose one of them, as in {name}(obj(T))"
    if callable(value):
        return f"the function {name}", f"call it, as in {name}(...)"
    return repr(value), "build one, as with op(...) or catgrad.layers"


def _touching(f: OpenHypergraph, ports: SegmentedArray[FiniteFunction], wire: int) -> str:
    """The first operation with a port on a wire, or nothing."""
    places = numpy.flatnonzero(host(ports.values.table) == wire)
    if not len(places):
        return ""
    operation = numpy.searchsorted(host(ports.offsets), places[0], side="right") - 1
    return name_of(f.H.x[int(operation)])


def name_of(label: Any) -> str:
    """What a message calls an operation: its text where it has one, else its kind."""
    kind: Any = type(label)
    return str(kind.__name__) if kind.__str__ is object.__str__ else str(label)

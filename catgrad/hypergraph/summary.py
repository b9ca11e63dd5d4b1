"""Programs as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.text import plural, some

if TYPE_CHECKING:
    from catgrad.hypergraph.open_hypergraph import OpenHypergraph


def headline(f: OpenHypergraph) -> str:
    """The type and the size of a program."""
    counts = f"{plural(f.H.X, 'operation')}, {plural(f.H.W, 'wire')}"
    return f"{f.source} -> {f.target}, {counts}"


def summary(f: OpenHypergraph, limit: int) -> str:
    """The program as a list of assignments; see ``OpenHypergraph.summary``."""
    shown = min(f.H.X, limit)
    return "\n".join(
        [
            headline(f),
            f"inputs {_typed(f, f.s)}",
            *(
                f"{_typed(f, f.H.t[i]) or 'nothing'} = {f.H.x[i]}({_names(f.H.s[i])})"
                for i in range(shown)
            ),
            *([f"... {f.H.X - shown} more"] if shown < f.H.X else []),
            f"outputs {_names(f.t)}",
        ]
    )


def _names(wires: FiniteFunction) -> str:
    return ", ".join(some(len(wires), lambda i: f"w{wires(i)}"))


def _typed(f: OpenHypergraph, wires: FiniteFunction) -> str:
    return ", ".join(some(len(wires), lambda i: f"w{wires(i)}: {f.H.w[wires(i)]}"))

"""Many programs composed at once.

In a loop of ``f = f >> g`` each program is a part of the next. Were every one of them built, n
steps would copy n**2 / 2 wires; so a composite only remembers its two factors, and when its arrays
are asked for, all factors that it has by then are glued together in one go. So it is with
``f = f @ g``; but a tensor that is composed has its arrays, since its type is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from catgrad.hypergraph.finite_function import FiniteFunction, coequalizer
from catgrad.hypergraph.hypergraph import Hypergraph

if TYPE_CHECKING:
    from catgrad.hypergraph.open_hypergraph import OpenHypergraph


def factors(f: OpenHypergraph, kind: str = "factors") -> list[OpenHypergraph]:
    """The programs that ``f`` is composed of and that have their arrays, from left to right.

    `kind` is ``"parts"`` for those that it is the tensor of, which may be composites.
    """
    found, waiting = [], [f]
    while waiting:
        g = waiting.pop()
        if kind in vars(g):
            left, right = vars(g)[kind]
            waiting += [right, left]
        else:
            found.append(g)
    return found


def compose(
    programs: list[OpenHypergraph],
) -> tuple[FiniteFunction, FiniteFunction, Hypergraph]:
    """``f0 >> f1 >> ...`` of two programs or more whose types fit, as inputs, outputs and graph.

    Wires are numbered in the order of the first program in which they are seen, however the
    composites were nested; this is what makes composition associative on the nose.
    """
    first, last = programs[0], programs[-1]
    graph = Hypergraph.coproduct_list([f.H for f in programs])
    before, after = graph.W - first.H.W, graph.W - last.H.W
    outputs = FiniteFunction.tensor_list([f.t for f in programs[:-1]]).inject0(last.H.W)
    inputs = FiniteFunction.tensor_list([f.s for f in programs[1:]]).inject1(first.H.W)
    q, members = coequalizer(outputs, inputs)
    s, t = first.s.inject0(before), last.t.inject1(after)
    return s >> q, t >> q, graph.quotient(q, members)

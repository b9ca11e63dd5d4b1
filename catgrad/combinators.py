"""Programs made of wires alone, and the lifting of one-wire programs to many wires."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, Labels, OpenHypergraph
from catgrad.hypergraph.array import host

Canonical = Callable[[Labels], OpenHypergraph]


def unit() -> OpenHypergraph:
    """The empty program ``I → I``."""
    return OpenHypergraph.unit()


def identity(A: Labels) -> OpenHypergraph:
    """``A → A``, wires that pass straight through."""
    return OpenHypergraph.identity(A)


def twist(A: Labels, B: Labels) -> OpenHypergraph:
    """``A ● B → B ● A``."""
    return OpenHypergraph.twist(A, B)


def transpose(A: Labels, rows: int, cols: int) -> OpenHypergraph:
    """``Aᵀ → A``, where `A` is a grid of wires, ``rows × cols`` and row after row.

    Output (row, col) is input (col, row).
    """
    if rows * cols != len(A):
        raise CatgradError(
            f"Cannot arrange {len(A)} wires as {rows} rows of {cols}; "
            f"give as many wires as the grid has places, {rows * cols}."
        )
    return OpenHypergraph.half_spider(FiniteFunction.transpose(cols, rows), A)


def permutation(A: Labels, p: Sequence[int]) -> OpenHypergraph:
    """``A → A[p[0]] ● A[p[1]] ● ...``."""
    if sorted(p) != list(range(len(A))):
        raise CatgradError(f"Cannot order {len(A)} wires by {list(p)}; name each wire from 0 once.")
    return OpenHypergraph.permutation(A, p)


def keep_outputs(f: OpenHypergraph, positions: Sequence[int]) -> OpenHypergraph:
    """`f` with only the outputs at `positions`, in that order."""
    return OpenHypergraph(f.s, FiniteFunction.of(positions, len(f.target)) >> f.t, f.H)


def keep_inputs(f: OpenHypergraph, positions: Sequence[int]) -> OpenHypergraph:
    """`f` with only the inputs at `positions`, in that order; the others must not be read."""
    return OpenHypergraph(FiniteFunction.of(positions, len(f.source)) >> f.s, f.t, f.H)


def canonical(component: Callable[[Any], OpenHypergraph]) -> Canonical:
    """Lift programs ``T → R0 ● ... ● Rn``, one for each type `T`, to whole objects.

    On ``T0 ● T1 ● ...`` the lifted program is one component a wire, side by side, with the
    inputs and outputs sorted by their place in the component: the copy of ``A ● B`` is
    ``A ● B ● A ● B``.
    """

    def lifted(A: Labels) -> OpenHypergraph:
        distinct, which = A.distinct()
        if not len(A):
            return unit()
        of_type = [component(T) for T in distinct]
        components: list[OpenHypergraph] = [of_type[i] for i in host(which).tolist()]
        arities = {(len(f.source), len(f.target)) for f in components}
        if len(arities) > 1:
            raise CatgradError(
                f"Cannot lift programs of differing arities {sorted(arities)} (inputs, outputs) "
                f"to {len(A)} wires; give every type a program of one arity."
            )
        [(inputs, outputs)] = arities
        n = len(components)
        if n == 1:
            return components[0]
        f = OpenHypergraph.tensor_list(components)
        return transpose(f.source, n, inputs) >> f >> transpose(f.target, n, outputs).dagger()

    return lifted

"""Programs made of wires alone, and the lifting of one-wire programs to many wires."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, Labels, OpenHypergraph
from catgrad.hypergraph.array import host

Canonical = Callable[[Labels], OpenHypergraph]
"""A program for each object, such as `identity`."""


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


def applied(role: str, example: str, family: Any, A: Labels) -> OpenHypergraph:
    """The program that a family has for an object: what a user gives for `role`, such as `example`.

    Raises ``CatgradError`` where it is no family of programs. What a family of one's own raises
    within is its own affair, and is not caught.
    """
    what, name = repr(family), getattr(family, "__name__", type(family).__name__)
    if isinstance(family, OpenHypergraph):
        what = "a single program"
    elif isinstance(family, type):
        what = f"the class {name}"
    elif callable(family):
        what = f"{name}, which was not called"
        try:
            f = family(A)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                raise  # from within: the traceback names the line
            what = f"{name} ({error})"  # a function that takes something else
        else:
            if isinstance(f, OpenHypergraph):
                return f
    raise CatgradError(
        f"The {role} has to be a family of programs, one for each object, not {what}; "
        f"give one such as {example}."
    )


def keep_outputs(f: OpenHypergraph, positions: Sequence[int]) -> OpenHypergraph:
    """`f` with only the outputs at `positions`, in that order."""
    return OpenHypergraph(f.s, FiniteFunction.of(positions, len(f.target)) >> f.t, f.H)


def keep_inputs(f: OpenHypergraph, positions: Sequence[int]) -> OpenHypergraph:
    """`f` with only the inputs at `positions`, in that order; the others must not be read."""
    return OpenHypergraph(FiniteFunction.of(positions, len(f.source)) >> f.s, f.t, f.H)


class Family:
    """A program ``T → R0 ● ... ● Rn`` for each type `T`, lifted to whole objects.

    On ``T0 ● T1 ● ...`` the lifted program is one component a wire, side by side, with the
    inputs and outputs sorted by their place in the component: the copy of ``A ● B`` is
    ``A ● B ● A ● B``.
    """

    is_family = True

    def __init__(self, component: Callable[[Any], OpenHypergraph], name: str, doc: str) -> None:
        self._component = component
        self.__name__ = self.__qualname__ = name
        self.__doc__ = doc or type(self).__doc__

    def __call__(self, *objects: Labels) -> OpenHypergraph:
        if len(objects) != 1 or not isinstance(objects[0], Labels):
            given = ", ".join(map(str, objects)) or "nothing"
            raise CatgradError(
                f"{self} takes one object, not {given}; write {self}(obj(T)) for a program, or "
                f"{self} alone where a loss, a rule or an activation is asked for."
            )
        [A] = objects
        distinct, which = A.distinct()
        if not len(A):
            return unit()
        of_type = [self._component(T) for T in distinct]
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

    def __repr__(self) -> str:
        return self.__name__


def canonical(
    component: Callable[[Any], OpenHypergraph], name: str = "family", doc: str = ""
) -> Family:
    """Lift programs ``T → R0 ● ... ● Rn``, one for each type `T`, to whole objects.

    See `Family`. `name` and `doc` are what messages and ``help`` say of it.
    """
    return Family(component, name, doc)

"""Parameters: wires that a model draws from nowhere until they are factored out as inputs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from catgrad.combinators import Canonical, canonical
from catgrad.core.types import NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, Labels, OpenHypergraph


@dataclass(frozen=True)
class Parameter:
    """``I → T``, a value that is learned. Not differentiable: factor it out first.

    `name` is what the array is called in generated source.
    """

    T: NdArrayType
    name: str = "parameter"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise CatgradError(
                f"A parameter of type {self.T} is given {self.name!r} for its name; write a name "
                f'in quotes, such as "weights".'
            )

    def source(self) -> Labels:
        return obj()

    def target(self) -> Labels:
        return obj(self.T)


def named_parameter(name: str) -> Canonical:
    """A parameter of each type of an object, called `name` in generated source."""
    return canonical(
        lambda T: op(Parameter(T, name)), name, "An array of each type that is learned: ``I → T``."
    )


parameter = named_parameter("parameter")


def factor_parameters(f: OpenHypergraph) -> tuple[OpenHypergraph, OpenHypergraph]:
    """Factor ``f : A → B`` into ``p : I → P`` and ``d : P ● A → B`` with ``f ≅ (p ● A) ; d``.

    `p` is every `Parameter` of `f` side by side, in the order in which `f` holds them.
    """
    return factor(f, lambda x: isinstance(x, Parameter))


def factor(
    f: OpenHypergraph, chosen: Callable[[Hashable], bool]
) -> tuple[OpenHypergraph, OpenHypergraph]:
    """Factor ``f : A → B`` into ``e : I → C`` and ``d : C ● A → B`` with ``f ≅ (e ● A) ; d``.

    `e` holds the operations that `chosen` picks, their inputs bent round to its outputs.
    """
    verdict = {label: chosen(label) for label in dict.fromkeys(f.H.x)}
    picked = np.array([verdict[label] for label in f.H.x], dtype=bool)
    taken = f.H.subgraph(picked)
    wires = taken.s.values + taken.t.values
    d = OpenHypergraph(wires + f.s, f.t, f.H.subgraph(~picked))
    e = OpenHypergraph.tensor_operations(
        taken.x, taken.s.map_values(taken.w), taken.t.map_values(taken.w)
    )
    e = OpenHypergraph(FiniteFunction.initial(len(e.H.w)), e.s + e.t, e.H)
    return e, d

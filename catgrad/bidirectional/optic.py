"""What an operation states in order to be differentiable.

An operation ``f : A → B`` gives a forward map, which also hands on a residual `M`, and a reverse
map, which takes the residual and a change of the output to a change of the input:

      ┌─────┐                 M ──┌─────┐
  A ──┤ fwd ├── B                 │ rev ├── A'
      └─────┘── M            B' ──└─────┘

(Wilson and Zanasi, "Data-parallel algorithms for string diagrams", arXiv 2305.01041, section 10.)
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from catgrad.combinators import canonical, identity
from catgrad.core import operation as ops
from catgrad.core.types import obj, op
from catgrad.hypergraph import Labels, OpenHypergraph

copy_core = canonical(lambda T: op(ops.Copy(T)))


class Optic(ABC):
    """An operation of B."""

    @abstractmethod
    def source(self) -> Labels: ...

    @abstractmethod
    def target(self) -> Labels: ...

    @abstractmethod
    def to_core(self) -> OpenHypergraph:
        """``A → B``: what this operation computes, as a core program."""

    @abstractmethod
    def residual(self) -> Labels:
        """``M``: what the forward map keeps for the reverse map."""

    @abstractmethod
    def fwd(self) -> OpenHypergraph:
        """``A → B ● M``."""

    @abstractmethod
    def rev(self) -> OpenHypergraph:
        """``M ● B' → A'``."""


class Lens(Optic):
    """An optic that keeps its input: ``fwd = copy ; (f ● A)``."""

    def residual(self) -> Labels:
        return self.source()

    def fwd(self) -> OpenHypergraph:
        A = self.source()
        return copy_core(A) >> (op(self) @ identity(A))


class Dagger(Optic):
    """An optic that keeps nothing, since its reverse map does not depend on its input."""

    @abstractmethod
    def dagger(self) -> OpenHypergraph:
        """``B' → A'``."""

    def residual(self) -> Labels:
        return obj()

    def fwd(self) -> OpenHypergraph:
        return op(self)

    def rev(self) -> OpenHypergraph:
        return self.dagger()

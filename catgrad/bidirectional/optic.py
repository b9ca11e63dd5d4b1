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
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from catgrad.combinators import canonical, identity, keep_outputs
from catgrad.core import operation as ops
from catgrad.core.types import obj, op
from catgrad.hypergraph import Labels, OpenHypergraph

copy_core = canonical(lambda T: op(ops.Copy(T)), "copy_core")
discard_core = canonical(lambda T: op(ops.Discard(T)), "discard_core")
zero_core = canonical(lambda T: op(ops.Constant(T, 0)), "zero_core")


def rewired(A: Labels, positions: Sequence[int]) -> OpenHypergraph:
    """``A → A[p] ● A[q] ● ...``, wires of C: each may be named, and so read, any number of times.

    Good in forward and reverse maps, which are in C already; in a program that is yet to be
    differentiated a wire is copied by `Copy`, whose reverse adds up.
    """
    return keep_outputs(identity(A), positions)


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


class KeepsOutput(Optic):
    """An optic that keeps its output, where that is all that its reverse map needs to know."""

    def residual(self) -> Labels:
        return self.target()

    def fwd(self) -> OpenHypergraph:
        return op(self) >> copy_core(self.target())


class Flat(Optic):
    """An optic whose derivative is zero wherever it has one."""

    def residual(self) -> Labels:
        return obj()

    def fwd(self) -> OpenHypergraph:
        return op(self)

    def rev(self) -> OpenHypergraph:
        return discard_core(self.target()) >> zero_core(self.source())


class InCore(Optic):
    """An optic whose class extends the class of the operation of C that it computes."""

    def to_core(self) -> OpenHypergraph:
        kind: Any = next(base for base in type(self).__mro__ if not issubclass(base, Optic))
        return op(kind(*(getattr(self, field.name) for field in fields(kind))))

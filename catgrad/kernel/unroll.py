"""The border from K to S: every number its own wire, every point of a nest its own operations."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from catgrad.core.types import NdArrayType
from catgrad.hypergraph import Functor, OpenHypergraph
from catgrad.kernel.batches import batches
from catgrad.kernel.kernel import IntArray, Nest, scalar, verified
from catgrad.kernel.reduction import reduce_terms
from catgrad.kernel.scalars import ScalarProgram


def unroll(f: OpenHypergraph) -> OpenHypergraph:
    """``K → S``, a program of kernels as one of core operations on single numbers.

    Each wire becomes one wire for each element of its array, in row-major order. What only moves
    numbers leaves no trace; a sum becomes a balanced tree of additions, exact like the sum.

    Raises ``KernelError`` at an operation that is not a kernel as `Kernel.verify` wants it.
    """
    return Unroll()(f)


class Unroll(Functor):
    """K → S. Picture each loop nest run once, with wires in the place of numbers."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        array: NdArrayType = label
        return [scalar(array.dtype)] * array.size

    def map_operation(self, label: Any) -> OpenHypergraph:
        kernel = verified(label)
        program = ScalarProgram()
        sources = [program.wires(scalar(T.dtype), (T.size,)) for T in kernel.sources]
        targets = [np.empty(T.size, dtype=np.int64) for T in kernel.targets]
        for nest in kernel.nests:
            operands = [sources[read.array][read.positions(nest.extents)] for read in nest.reads]
            terms = compute(program, nest, operands).reshape(nest.results, nest.terms)
            target = kernel.targets[nest.write.array]
            for positions, results in meetings(nest, target):
                many = results.shape[1] * nest.terms
                together = terms[results].reshape(len(positions), many).T
                targets[nest.write.array][positions] = reduce_terms(
                    program, nest.reduction, (nest.term, together), scalar(target.dtype)
                )
        return program.build(concatenated(sources), concatenated(targets))


def compute(program: ScalarProgram, nest: Nest, operands: Sequence[IntArray]) -> IntArray:
    """Add the body at each point of a nest. The operands and the result are int64[extents]."""
    body = nest.body
    wires = np.empty((body.H.W, *nest.extents), dtype=np.int64)
    for wire, operand in zip(body.s.table, operands, strict=True):
        wires[wire] = operand
    for operation, reads, writes in batches(body):
        wires[writes] = program.operate(operation, wires[reads])
    result: IntArray = wires[body.t(0)]
    return result


def meetings(nest: Nest, target: NdArrayType) -> Iterator[tuple[IntArray, IntArray]]:
    """Which results of a nest meet at which position of its target.

    Positions where equally many meet, k, come together: int64[n], and int64[n, k], the numbers of
    the results in order. A nest that scatters has positions where none meet, as well.
    """
    positions = nest.writes()
    if nest.reduction != "sum" or (nest.meeting == 1 and nest.results == target.size):
        yield positions, np.arange(nest.results)[:, None]
        return
    order = np.argsort(positions, kind="stable")
    counts = np.bincount(positions, minlength=target.size)
    first = np.cumsum(counts) - counts
    for count in np.unique(counts):
        alike = np.flatnonzero(counts == count)
        yield alike, order[first[alike][:, None] + np.arange(count)]


def concatenated(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])

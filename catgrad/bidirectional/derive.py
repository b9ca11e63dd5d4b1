"""The reverse maps of kernels, derived.

A nest that sums is linear in its terms. So its reverse with respect to one read is a nest over the
same points: at each, the derivative of the body times the change of what was written there, added
up where the number was read.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import fields, replace
from typing import Any

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import differentiate
from catgrad.bidirectional.optic import Optic, rewired
from catgrad.bidirectional.wires import call, program
from catgrad.combinators import identity, keep_inputs, keep_outputs
from catgrad.core import operation as ops
from catgrad.core.simplify import simplify
from catgrad.core.types import NdArrayType, obj, op
from catgrad.hypergraph import Functor, OpenHypergraph
from catgrad.kernel.kernel import Access, Kernel, KernelError, Nest
from catgrad.special.definition import numbered


def reverse(kernel: Kernel) -> OpenHypergraph:
    """``A ● B' → A'``, for a kernel ``A → B`` all of whose nests sum or only move."""
    A, a = kernel.source() + kernel.target(), len(kernel.sources)
    parts: list[OpenHypergraph] = []
    read: list[int] = []
    sums: list[OpenHypergraph] = []
    for source, T in enumerate(kernel.sources):
        terms = 0
        for nest in kernel.nests:
            for j, access in enumerate(nest.reads):
                term = transposed(kernel, nest, j) if access.array == source else None
                if term is not None:
                    reads, part = term
                    parts.append(op(part))
                    read += [wire if wire >= 0 else a + nest.write.array for wire in reads]
                    terms += 1
        sums.append(total(T, terms))
    return rewired(A, read) >> OpenHypergraph.tensor_list(parts) >> OpenHypergraph.tensor_list(sums)


def total(T: NdArrayType, terms: int) -> OpenHypergraph:
    """``T ● ... ● T → T``, the sum."""
    if terms == 0:
        return op(ops.Constant(T, 0))
    f = identity(obj(T))
    for _ in range(terms - 1):
        f = (f @ identity(obj(T))) >> op(ops.Add(T))
    return f


CHANGE = -1
"""Stands for the change of what a nest writes, among the arrays that its reverse reads."""


def transposed(kernel: Kernel, nest: Nest, j: int) -> tuple[list[int], Kernel] | None:
    """The kernel from the change of what a nest writes to the change of what its read `j` reads.

    With it which sources of the kernel it reads as well, and `CHANGE`. None where read `j` makes
    no difference.
    """
    slope = derivative(nest.body, j)
    used = set(slope.H.s.values) | set(slope.t)
    needed = [i for i, wire in enumerate(slope.s) if wire in used]
    if not needed:
        return None
    accesses = [*nest.reads, replace(nest.write, array=CHANGE)]
    arrays = list(dict.fromkeys(accesses[i].array for i in needed))
    T = kernel.sources[nest.reads[j].array]
    write = replace(nest.reads[j], array=0)
    # The axes along which the number read is one and the same are those to sum over.
    order = sorted(range(len(nest.extents)), key=lambda axis: write.strides[axis] == 0)

    def along(access: Access, array: int) -> Access:
        return Access(array, access.offset, tuple(access.strides[axis] for axis in order))

    summed = Nest(
        tuple(nest.extents[axis] for axis in order),
        tuple(along(accesses[i], arrays.index(accesses[i].array)) for i in needed),
        along(write, 0),
        keep_inputs(slope, needed),
        "sum",
        write.strides.count(0),
        tuple(nest.indices[axis] for axis in order) if nest.indices else (),
    )
    if not summed.reduced and summed.meeting == 1 and summed.results == T.size:
        summed = replace(summed, reduction=None)
    names = [*(kernel.arguments or numbered("x", len(kernel.sources)))]
    changes = [f"d_{name}" for name in kernel.results or numbered("y", len(kernel.targets))]
    written = kernel.targets[nest.write.array]
    return arrays, Kernel(
        f"{kernel.name}_d_{names[nest.reads[j].array]}",
        tuple(written if array == CHANGE else kernel.sources[array] for array in arrays),
        (T,),
        (summed,),
        tuple(changes[nest.write.array] if a == CHANGE else names[a] for a in arrays),
        (f"d_{names[nest.reads[j].array]}",),
    )


def derivative(body: OpenHypergraph, j: int) -> OpenHypergraph:
    """``R ● y' → r'``, from the reads of a body and a change of its result to that of read `j`.

    Inputs on which the change does not depend are not read; it is a constant 0 where none is.
    """
    lifted = Lift()(body)
    shared = program(lifted.source, lambda *reads: call(lifted, *reads))
    return simplify(keep_outputs(differentiate(shared), [1 + j]))


class Lift(Functor):
    """C → B: each operation with its reverse map."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        if isinstance(label, Optic):
            return op(label)
        name = type(label).__name__
        kind = getattr(B, name, None)
        if kind is None:
            raise KernelError(
                f"{name} has no reverse map, so a kernel with {name} in its body cannot be "
                f"differentiated; compute with other operations."
            )
        return op(kind(*(getattr(label, field.name) for field in fields(label))))

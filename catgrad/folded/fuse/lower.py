"""The border from kernels to atoms: each nest of each kernel, in order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.core import operation as ops
from catgrad.core.types import Fixed, NdArrayType
from catgrad.folded.fuse.atoms import Atoms, Given, Read
from catgrad.folded.fuse.positions import is_permutation
from catgrad.folded.fuse.scatter import scattered
from catgrad.folded.refusals import not_foldable
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.batches import batches
from catgrad.kernel.kernel import Access, Kernel, Nest, verified


@dataclass(frozen=True)
class Interface:
    """How many arrays of each kind a program takes; the rest of its inputs are targets."""

    state: int
    x: int
    y: int
    memories: int = 0

    def kinds(self) -> list[Given]:
        """What each input is."""
        return [
            *(Given("state", i) for i in range(self.state)),
            *(Given("memory", i) for i in range(self.memories)),
            *(Given("x", i) for i in range(self.x)),
            *(Given("y", i) for i in range(self.y)),
        ]


def lower(program: OpenHypergraph, interface: Interface) -> tuple[Atoms, list[Read]]:
    """A program of kernels as atoms, and where each of its outputs is read."""
    atoms = Atoms()
    wires: list[Read | None] = [None] * len(program.H.w)
    for wire, given in zip(program.s.table.tolist(), interface.kinds(), strict=True):
        T = program.H.w[wire]
        wires[wire] = atoms.add(fixed(T), T.size, given)
        if given.kind == "memory":
            atoms.snapshot(wires[wire])
    for label, reads, writes in batches(program):
        kernel = verified(label)
        for sources, targets in zip(reads.T.tolist(), writes.T.tolist(), strict=True):
            arguments = [wires[wire] for wire in sources]
            results = run(atoms, kernel, [read for read in arguments if read is not None])
            for wire, result in zip(targets, results, strict=True):
                wires[wire] = result
    outputs = [wires[wire] for wire in program.t.table.tolist()]
    return atoms, [read for read in outputs if read is not None]


def fixed(T: NdArrayType) -> Fixed:
    """The format of an array."""
    return T.fixed


def run(atoms: Atoms, kernel: Kernel, sources: Sequence[Read]) -> list[Read]:
    """The targets of a kernel."""
    parts: list[list[tuple[Read, IntArray]]] = [[] for _ in kernel.targets]
    for nest in kernel.nests:
        format = kernel.targets[nest.write.array].fixed
        result = compute(atoms, kernel, nest, sources)
        if nest.meeting > 1:
            result, places = met(atoms, kernel, nest, result)
        else:
            places = nest.writes()
        parts[nest.write.array].append((atoms.holding(result, format), places))
    return [
        joined(atoms, T.fixed, T.size, pieces)
        for T, pieces in zip(kernel.targets, parts, strict=True)
    ]


def joined(atoms: Atoms, format: Fixed, size: int, parts: Sequence[tuple[Read, IntArray]]) -> Read:
    """An array that nests write together."""
    constants = {atoms.filled(read) for read, places in parts if len(places)}
    covered = sum(len(places) for _, places in parts) == size
    [constant] = constants if len(constants) == 1 else [None]
    if constant is not None and (covered or constant == 0):
        return atoms.fill(format, constant, size)
    values = {read.value for read, places in parts if len(places)}
    if covered and len(values) == 1:
        positions = np.empty(size, dtype=np.int64)
        for read, places in parts:
            positions[places] = read.positions
        moved = Read(parts[0][0].value, positions)
        if len(parts) == 1 or is_permutation(positions, atoms.values[moved.value].size):
            return atoms.affine(moved)
    return atoms.assembled(format, size, parts)


def compute(atoms: Atoms, kernel: Kernel, nest: Nest, sources: Sequence[Read]) -> Read:
    """The results of a nest, flat."""
    if nest.reduction == "product":
        raise not_foldable(
            f"kernel '{kernel.name}'", "which multiplies many numbers with each other"
        )
    points = nest.results * nest.terms
    body = nest.body
    wires: dict[int, Read] = {}
    for wire, access in zip(body.s.table.tolist(), nest.reads, strict=True):
        source = sources[access.array]
        positions = source.positions[access.positions(nest.extents).reshape(-1)]
        wires[wire] = atoms.affine(Read(source.value, positions))
    for operation, reads, writes in batches(body):
        for arguments, [target] in zip(reads.T.tolist(), writes.T.tolist(), strict=True):
            if isinstance(operation, ops.Constant):
                wires[target] = atoms.fill(operation.T.fixed, int(operation.x), points)
            else:
                operands = [wires[wire] for wire in arguments]
                wires[target] = atoms.pointwise(operation, operands, points)
    term = wires[body.t(0)]
    if nest.reduction is None:
        return term
    grid = Read(term.value, term.positions.reshape(nest.results, nest.terms))
    return atoms.reduced(nest.reduction, grid)


def met(atoms: Atoms, kernel: Kernel, nest: Nest, read: Read) -> tuple[Read, IntArray]:
    """All of a target to which the results of a nest are added, and where that goes: in order."""
    target = kernel.targets[nest.write.array]
    kept = nest.kept
    moving = [axis for axis, stride in enumerate(nest.write.strides[: len(kept)]) if stride]
    still = [axis for axis in range(len(kept)) if axis not in moving]
    grid = read.positions.reshape(kept).transpose(*moving, *still)
    extents = tuple(kept[axis] for axis in moving)
    terms = math.prod(kept[axis] for axis in still)
    summed = atoms.reduced("sum", Read(read.value, grid.reshape(math.prod(extents), terms)))
    strides = tuple(nest.write.strides[axis] for axis in moving)
    write = Access(nest.write.array, nest.write.offset, strides)
    if nest.results // terms == target.size and write.is_apart(extents):
        return summed, write.positions(extents).reshape(-1)
    everywhere = np.arange(target.size)
    return scattered(atoms, summed, write, extents, target), everywhere

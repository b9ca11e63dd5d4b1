"""What a phase does with its results, as a program of core operations on single numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.core import operation as ops
from catgrad.core.types import Fixed, Operation
from catgrad.folded.fuse.arrays import Arrays, Draft
from catgrad.folded.fuse.atoms import Filled, Pointwise, Read, Value, scalar
from catgrad.folded.fuse.plan import Leaf
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.scalars import ScalarProgram


class Body:
    """The program of a group under construction: `wires` says where each atom is computed."""

    def __init__(self, values: Sequence[Value], arrays: Arrays, draft: Draft) -> None:
        self.wires: dict[int, int] = {}
        self._values, self._draft = values, draft
        self._program = ScalarProgram()
        self._constants: dict[tuple[Fixed, int], int] = {}
        self._inputs: list[int] = []
        group = draft.group
        if group.anchor is not None:
            self.wires[group.anchor] = self._input(values[group.anchor].format)
        self._operands = [self._input(arrays[copy].format) for copy, _ in draft.operands]
        for value, at in group.at.items():
            if value != group.anchor:
                self.wires[value] = self._compute(value, at)

    def build(self, outputs: Sequence[int]) -> OpenHypergraph:
        """The program with these wires for outputs."""
        ends = (np.array(wires, dtype=np.int64) for wires in (self._inputs, outputs))
        return self._program.build(*ends)

    def total(self, leaves: Sequence[Leaf]) -> int:
        """The sum of some of the numbers, each so many times."""
        wire, format = self._times(leaves[0])
        for leaf in leaves[1:]:
            other, own = self._times(leaf)
            add = ops.Add(scalar(format), scalar(own))
            wire, format = self._operate(add, [wire, other]), add.result().fixed
        return wire

    def _times(self, leaf: Leaf) -> tuple[int, Fixed]:
        wire, format = self.wires[leaf.value], self._values[leaf.value].format
        if leaf.times == 1:
            return wire, format
        times = Fixed.holding(leaf.times, leaf.times, 0)
        multiply = ops.Multiply(scalar(format), scalar(times))
        constant = self._constant(times, leaf.times)
        return self._operate(multiply, [wire, constant]), multiply.result().fixed

    def _input(self, format: Fixed) -> int:
        [wire] = self._program.wires(scalar(format), (1,)).tolist()
        self._inputs.append(wire)
        return int(wire)

    def _compute(self, value: int, at: IntArray) -> int:
        definition = self._values[value].definition
        assert isinstance(definition, Pointwise)
        reads = [self._read(read, at) for read in definition.reads]
        if definition.operation is None:
            return reads[0]
        return self._operate(definition.operation, reads)

    def _read(self, read: Read, at: IntArray) -> int:
        source = self._values[read.value]
        if isinstance(source.definition, Filled):
            return self._constant(source.format, source.definition.number)
        if read.value in self.wires:
            return self.wires[read.value]
        return self._operands[self._draft.inputs[read.value, read.positions[at].tobytes()]]

    def _constant(self, format: Fixed, number: int) -> int:
        if (format, number) not in self._constants:
            constant = ops.Constant(scalar(format), number)
            self._constants[format, number] = self._operate(constant, [])
        return self._constants[format, number]

    def _operate(self, operation: Operation, reads: Sequence[int]) -> int:
        columns = np.array(reads, dtype=np.int64).reshape(len(reads), 1)
        [[wire]] = self._program.operate(operation, columns).tolist()
        return int(wire)

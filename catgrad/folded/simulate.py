"""Simulation of a machine, exact to the cycle: what the rules of its memories make of a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit.evaluate import Evaluator
from catgrad.circuit.format import INT64_BITS, BoolArray, IntArray, Integers
from catgrad.errors import CatgradError
from catgrad.folded.machine import Machine, Mode
from catgrad.folded.phase import Array, Kind, Phase
from catgrad.folded.traffic import Run, Use, runs

_CYCLES = 1 << 40
COUNTERS = ("forward", "learning")


class Simulation(NamedTuple):
    """What a machine made of its samples.

    - ``predictions``: an array [samples, size] for each prediction
    - ``state``: each state array after the last sample
    - ``counters``: saturations of the forward pass and of learning, int64[samples, 2]
    - ``cycles``: from the first issue to the last store
    """

    predictions: list[Integers]
    state: list[Integers]
    counters: IntArray
    cycles: int


def simulate(
    machine: Machine,
    state: Sequence[ArrayLike],
    xs: Sequence[ArrayLike],
    ys: Sequence[ArrayLike],
    train: bool | Sequence[bool] = True,
) -> Simulation:
    """Run a machine on samples back to back.

    `state` has an array for each state array, flat or in any shape of as many numbers; `xs`, `ys`
    an array [samples, size] for each input and each target, all of them mantissas.

    Each read gives the number that was written last before its cycle, whichever that is: where a
    wait is too short, the results are wrong, as they would be in the hardware.
    """
    inputs = [_rows(machine, "x", xs), _rows(machine, "y", ys)]
    samples = len(inputs[0][0])
    each = [train] * samples if isinstance(train, bool | np.bool_) else train
    learns = [bool(learn) for learn in each]
    if len(learns) != samples:
        raise CatgradError(
            f"There are {samples} samples, but {len(learns)} times it is said whether the machine "
            f"learns; say it once for each sample, or train=True for all."
        )
    history = _History(machine, list(runs(machine, learns)), learns)
    history.load("state", [np.ravel(np.asarray(a)) for a in state])
    history.begin("x", inputs[0])
    history.begin("y", inputs[1])
    return history.result(samples, history.settle(samples))


def _rows(machine: Machine, kind: Kind, values: Sequence[ArrayLike]) -> list[Integers]:
    sizes = [a.size for a in _arrays(machine, kind)]
    arrays = [np.asarray(v) for v in values]
    arrays = [a.reshape(len(a), -1) for a in arrays]
    if [a.shape[1] for a in arrays] != sizes:
        raise CatgradError(
            f"The machine takes {kind} of sizes {sizes} a sample, not "
            f"{[a.shape[1] for a in arrays]}; give an array [samples, size] for each."
        )
    return arrays


def _arrays(machine: Machine, kind: Kind) -> list[Array]:
    return [machine.phases.arrays[i] for i in _numbered(machine, kind)]


def _numbered(machine: Machine, kind: Kind) -> list[int]:
    arrays = machine.phases.arrays
    found = [i for i, array in enumerate(arrays) if array.kind == kind]
    return sorted(found, key=lambda i: arrays[i].number)


class _History:
    """All writes of a run by cell and cycle; the values are filled in as they become known."""

    def __init__(self, machine: Machine, run: list[Run], learns: Sequence[bool]) -> None:
        self.machine, self.runs = machine, run
        sizes = [(m.rows + 1) << (m.lanes - 1).bit_length() for m in machine.memories]
        self.first = np.cumsum([0, *sizes])
        starts: dict[int, int] = {}
        for part in run:
            starts.setdefault(part.sample, part.start)
        self.starts = [starts.get(sample, 0) for sample in range(len(learns))]
        self._writes: dict[tuple[int, int], slice] = {}
        self._cells: list[IntArray] = []
        self._cycles: list[IntArray] = []
        self._size = 0
        self._known: list[int] = []
        for number, part in enumerate(run):
            self._known.append(self._size)
            for index, use in enumerate(part.traffic.station("store")):
                takes = self.enabled(part, use)
                self._log((number, index), self.cells(part, use)[takes], _when(part, use)[takes])
        self._stored = self._size
        self._begins: list[tuple[int, Integers]] = []
        self._before: list[tuple[IntArray, Integers]] = []

    def _log(self, key: tuple[int, int], cells: IntArray, cycles: IntArray) -> None:
        self._writes[key] = slice(self._size, self._size + cells.size)
        self._cells.append(cells)
        self._cycles.append(cycles)
        self._size += cells.size

    def enabled(self, part: Run, use: Use) -> BoolArray:
        return use.works & (part.train or not use.learning)

    def cells(self, part: Run, use: Use) -> IntArray:
        """The number, among all cells of all memories, of each point of a use."""
        bits = (self.machine.memories[use.access.memory].lanes - 1).bit_length()
        copy = (part.sample % 2) * (use.access.buffer >> (0 if use.access.vector else bits))
        cells = ((use.row + copy) << bits) + use.lane
        # A lane that has nothing to do may ask for rows that do not exist.
        first, end = self.first[use.access.memory], self.first[use.access.memory + 1]
        inside: IntArray = np.clip(first + cells, first, end - 1)
        return inside

    def home(self, array: int, sample: int) -> IntArray:
        """The cell of each number of an array."""
        home = self.machine.homes[array]
        row, lane = home.layout.place(np.arange(self.machine.phases.arrays[array].size))
        row = row + home.base + home.buffer * (sample % 2)
        bits = (self.machine.memories[home.memory].lanes - 1).bit_length()
        cells: IntArray = self.first[home.memory] + (row << bits) + lane
        return cells

    def load(self, kind: Kind, values: Sequence[Integers]) -> None:
        for array, numbers in zip(_numbered(self.machine, kind), values, strict=True):
            self._before.append((self.home(array, 0), numbers))

    def begin(self, kind: Kind, values: Sequence[Integers]) -> None:
        """Numbers that come with each sample are there when it begins."""
        for array, numbers in zip(_numbered(self.machine, kind), values, strict=True):
            for sample, row in enumerate(numbers):
                cells = self.home(array, sample)
                cycles = np.full(cells.size, self.starts[sample] - 1)
                self._log((-1, len(self._begins)), cells, cycles)
                self._begins.append((len(self._begins), row))

    def settle(self, samples: int) -> IntArray:
        """Fill in all values; the counters of each sample.

        Where everything is in order, one pass over the instructions is enough. Reads that come so
        early, or so late, that they find what a later instruction wrote take more.
        """
        keys = np.concatenate(self._cells) * _CYCLES + np.concatenate(self._cycles) + 1
        self._sorted = np.argsort(keys, kind="stable")
        self._keys = keys[self._sorted]
        wide = any(memory.width > INT64_BITS for memory in self.machine.memories)
        dtype = object if wide else np.int64
        self.values: Integers = np.zeros(self._size, dtype)
        self.initial: Integers = np.zeros(int(self.first[-1]), dtype)
        for places, numbers in self._before:
            self.initial[places] = numbers
        for number, row in self._begins:
            self.values[self._writes[-1, number]] = row
        evaluators = [Evaluator(body.netlist) for body in self.machine.bodies]
        while True:
            before = self.values.copy()
            self._unknown = False
            counters = np.zeros((samples, 2), dtype=np.int64)
            for number, part in enumerate(self.runs):
                counters[part.sample] += self._step(number, part, evaluators)
            if not self._unknown or np.array_equal(before, self.values):
                return counters

    def found(self, cells: IntArray, cycles: IntArray, known: int) -> Integers:
        """What reads find: what was written last in an earlier cycle."""
        at = np.searchsorted(self._keys, cells * _CYCLES + cycles + 1) - 1
        hit = (at >= 0) & (self._keys[at] // _CYCLES == cells)
        writes = self._sorted[at]
        self._unknown |= bool(np.any(hit & (writes >= known) & (writes < self._stored)))
        return np.where(hit, self.values[writes], self.initial[cells])

    def _step(self, number: int, part: Run, evaluators: Sequence[Evaluator]) -> IntArray:
        """Run one instruction on what it finds; what it adds to the counters."""
        phase = self.machine.phases.phases[part.order]
        instruction, known = part.traffic.instruction, self._known[number]
        works = part.traffic.works
        factors = [
            self.found(self.cells(part, use), _when(part, use), known)
            for use in part.traffic.station("factor")
        ]
        none = np.zeros((int(works.sum()), 0), np.int64)
        total = _total(phase, instruction.mode, factors)[works][:, None] if factors else none
        operands = [
            self.found(self.cells(part, use), _when(part, use), known)[:, 0][works]
            for use in part.traffic.station("operand")
        ]
        numbers = np.stack(operands, axis=-1) if operands else none
        evaluator = evaluators[instruction.body]
        ports = [port.name for port in evaluator.netlist.inputs]
        given = {"total": total, "operands": numbers}
        outputs = evaluator({name: given[name] for name in ports})
        for index, use in enumerate(part.traffic.station("store")):
            if part.train or not use.learning:
                self.values[self._writes[number, index]] = outputs["stores"][:, index]
        counted = [outputs[name].sum() if name in outputs else 0 for name in COUNTERS]
        counts: IntArray = np.array(counted, dtype=np.int64) * np.array([1, part.train])
        return counts

    def result(self, samples: int, counters: IntArray) -> Simulation:
        end = 1 + max(part.start + part.traffic.last for part in self.runs)
        last = np.full(1, _CYCLES - 2)
        predictions = [
            np.stack(
                [
                    self.found(self.home(array, sample), self._until(sample), 0)
                    for sample in range(samples)
                ]
            )
            for array in _numbered(self.machine, "prediction")
        ]
        state = [
            self.found(self.home(array, 0), np.broadcast_to(last, self.home(array, 0).shape), 0)
            for array in _numbered(self.machine, "state")
        ]
        return Simulation(predictions, state, counters, end)

    def _until(self, sample: int) -> IntArray:
        """The cycle in which the copy of a sample's prediction is used again."""
        after = sample + 2
        return np.array(self.starts[after] if after < len(self.starts) else _CYCLES - 2)


def _when(part: Run, use: Use) -> IntArray:
    return use.cycle + part.start


def _total(phase: Phase, mode: Mode, factors: Sequence[Integers]) -> Integers:
    """[results, lanes], or one lane after the tree."""
    assert phase.total is not None
    wide = phase.total.width > INT64_BITS
    terms = factors[0].astype(object) if wide else factors[0]
    for factor in factors[1:]:
        terms = terms * factor
    if phase.reduction in ("max", "min"):
        extreme: Integers = terms.max(axis=1) if phase.reduction == "max" else terms.min(axis=1)
        return extreme
    total: Integers = terms.sum(axis=1)
    return total.sum(axis=1, keepdims=True) if mode is Mode.TREE else total

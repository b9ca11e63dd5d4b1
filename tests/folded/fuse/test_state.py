"""New state in the place of the old: whoever still reads old numbers finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.types import BIT, Fixed, NdArrayType, obj, op
from catgrad.folded.evaluate import evaluate
from catgrad.folded.fuse import fuse
from catgrad.folded.fuse.verify import verify
from catgrad.folded.phase import Phases
from catgrad.hypergraph import FiniteFunction, Labels, OpenHypergraph
from catgrad.kernel import Access, Kernel, Nest, to_kernels
from catgrad.kernel import evaluate as evaluate_kernels
from tests.folded.programs import same

T = NdArrayType((6,), Fixed(8, 4))


def exactly(U: NdArrayType) -> OpenHypergraph:
    """Back to the format of all arrays here."""
    return op(ops.Requantise(U, T.fixed, ops.Rounding.HALF_UP, ops.Overflow.SATURATE))


def added() -> OpenHypergraph:
    add = ops.Add(T)
    return op(add) >> exactly(add.result())


def reversed_order() -> OpenHypergraph:
    """The numbers from the last to the first."""
    moved = OpenHypergraph.identity(obj(NdArrayType((), T.dtype)))
    nest = Nest((6,), (Access(0, 5, (-1,)),), Access(0, 0, (1,)), moved)
    return op(Kernel("reversed", (T,), (T,), (nest,)))


def product() -> OpenHypergraph:
    """The first, a 2 x 3 matrix, times the second, a 3 x 2 matrix, between two zeros."""
    one, other = NdArrayType((2,), T.dtype), NdArrayType((3,), T.dtype)
    multiply = ops.Compose(one, other, one)
    [U] = multiply.target()
    shapes = op(ops.Reshape(T, one + other)) @ op(ops.Reshape(T, other + one))
    four = NdArrayType((4,), T.dtype)
    flat = exactly(U) >> op(ops.Reshape(U.with_dtype(T.dtype), four))
    return shapes >> op(multiply) >> flat >> op(ops.Pad(four, (1,), (1,)))


PARTS: dict[str, tuple[int, Callable[[], OpenHypergraph]]] = {
    "constant": (0, lambda: op(ops.Constant(T, -3))),
    "wire": (1, lambda: identity(obj(T))),
    "reversed": (1, reversed_order),
    "sum": (2, added),
    "product": (2, product),
}


@dataclass(frozen=True)
class Machine:
    """So many state arrays and arrays of x, and what each result is made of."""

    state: int
    x: int
    results: tuple[tuple[str, tuple[int, ...]], ...]

    def program(self) -> OpenHypergraph:
        count = self.state + self.x
        reads = [i for _, arguments in self.results for i in arguments]
        wires = OpenHypergraph.spider(
            FiniteFunction.identity(count),
            FiniteFunction.of(reads, count),
            Labels.of([T] * count),
        )
        parts = OpenHypergraph.tensor_list([PARTS[name][1]() for name, _ in self.results])
        none = op(ops.Constant(NdArrayType((), BIT), 0))
        return (wires >> parts) @ none @ none

    def phases(self) -> Phases:
        return verify(fuse(to_kernels(self.program()), self.state, self.x, 0))


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    state, x, predictions = (draw(st.integers(*bounds)) for bounds in ((1, 3), (0, 2), (0, 2)))
    arrays = st.integers(0, state + x - 1)
    results = []
    for _ in range(predictions + state):
        name = draw(st.sampled_from(sorted(PARTS)))
        results.append((name, draw(st.tuples(*[arrays] * PARTS[name][0]))))
    return Machine(state, x, tuple(results))


def agrees(machine: Machine, seed: int) -> None:
    random, program = np.random.default_rng(seed), machine.program()
    arrays = [random.integers(-128, 128, 6) for _ in program.source]
    *wanted, _, _ = evaluate_kernels(to_kernels(program), arrays)
    step = evaluate(machine.phases(), arrays)
    same([*step.predictions, *step.state], wanted)


@settings(max_examples=80)
@given(machines(), st.integers(0, 100))
def test_old_numbers_are_read_before_new_ones_take_their_place(machine: Machine, seed: int) -> None:
    agrees(machine, seed)


def results(*parts: tuple[str, Sequence[int]]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((name, tuple(arguments)) for name, arguments in parts)


def test_a_swap_goes_through_one_temporary() -> None:
    phases = Machine(2, 0, results(("wire", [1]), ("wire", [0]))).phases()
    assert [array.kind for array in phases.arrays] == ["state", "state", "temporary"]
    assert len(phases.phases) == 3


def test_what_stays_as_it_is_has_no_phase() -> None:
    phases = Machine(2, 0, results(("wire", [0]), ("wire", [1]))).phases()
    assert phases.phases == ()


def test_a_sum_is_stored_in_place() -> None:
    phases = Machine(1, 1, results(("sum", [0, 1]))).phases()
    assert [array.kind for array in phases.arrays] == ["state", "x"]
    assert len(phases.phases) == 1


def test_an_array_that_is_turned_around_goes_through_a_temporary() -> None:
    phases = Machine(1, 0, results(("reversed", [0]))).phases()
    assert [phase.learning for phase in phases.phases] == [True, True]
    assert phases.arrays[1].kind == "temporary"


def test_a_prediction_that_is_read_again_is_stored_twice() -> None:
    machine = Machine(1, 1, results(("sum", [0, 1]), ("sum", [0, 1])))
    phases = machine.phases()
    assert [array.kind for array in phases.arrays] == ["state", "x", "prediction"]
    [phase] = phases.phases
    assert [store.learning for store in phase.stores] == [False, True]

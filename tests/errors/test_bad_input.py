"""What cannot be: types that no array has, and definitions without an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from catgrad import CatgradError, Dtype, NdArrayType, obj
from catgrad.combinators import identity
from catgrad.core.operation import Copy, Multiply, Negate, op
from catgrad.fixed.exact import opened
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.special.definition import Definition, inline
from catgrad.target.python import to_python_function

T = NdArrayType((2,), Dtype.float32)


def sentence(action: Callable[[], object]) -> str:
    with pytest.raises(CatgradError) as error:
        action()
    return str(error.value)


################################################################################
# Types


@pytest.mark.parametrize("shape", [(2**40, 2**40), (2**60,), (0, 2**40, 2**40)])
def test_a_shape_that_no_index_can_count(shape: tuple[int, ...]) -> None:
    count = {(2**60,): 2**60}.get(shape, 2**80)
    assert sentence(lambda: NdArrayType(shape, Dtype.float32)) == (
        f"An array of shape {shape} holds {count} numbers, more than the 1152921504606846975 that "
        f"an index of 63 bits reaches, 8 bytes each; choose smaller extents."
    )


def test_a_shape_that_overflows_where_types_are_joined() -> None:
    A = NdArrayType((2**40,), Dtype.float32)
    assert sentence(lambda: A + A).startswith("An array of shape (1099511627776, 1099511627776) ")
    assert NdArrayType((2**60 - 1,), Dtype.float32).size == 2**60 - 1


def test_an_object_of_something_else() -> None:
    assert sentence(lambda: obj(T, "float32")) == (  # type: ignore[arg-type]
        "An object consists of array types, not of 'float32'; "
        "write NdArrayType((4,), Dtype.float32)."
    )


def test_an_operation_without_a_hash() -> None:
    @dataclass
    class Twice:
        T: NdArrayType

        def source(self) -> Labels:
            return obj(self.T)

        def target(self) -> Labels:
            return obj(self.T)

    unhashable: Any = Twice(T)
    assert sentence(lambda: op(unhashable)) == (
        "Twice cannot be the label of a wire or an operation, since it has no hash; declare its "
        "class with @dataclass(frozen=True)."
    )


################################################################################
# Definitions


@dataclass(frozen=True)
class Typed(Definition):
    """``T → T``, with the type stated, so that it can be used before its program is known."""

    def source(self) -> Labels:
        return obj(T)

    def target(self) -> Labels:
        return obj(T)


class Ping(Typed):
    def arrow(self) -> OpenHypergraph:
        return op(Negate(T)) >> op(Pong())


class Pong(Typed):
    def arrow(self) -> OpenHypergraph:
        return op(Ping()) >> op(Ping())


@dataclass(frozen=True)
class Countdown(Typed):
    i: int

    def symbol(self) -> str:
        return f"countdown_{self.i}"

    def arrow(self) -> OpenHypergraph:
        return op(Countdown(self.i - 1)) if self.i != 0 else op(Negate(T))


@dataclass(frozen=True)
class Untyped(Definition):
    i: int

    def arrow(self) -> OpenHypergraph:
        return op(Untyped(self.i + 1))


class Empty(Typed):
    def arrow(self) -> Any:
        return None


class Squared(Typed):
    def target(self) -> Labels:
        return obj(T, T)

    def arrow(self) -> OpenHypergraph:
        return op(Copy(T)) >> op(Multiply(T))


RUNS = pytest.mark.parametrize("run", [inline, to_python_function, opened])


@RUNS
def test_a_definition_that_expands_to_itself(run: Any) -> None:
    assert sentence(lambda: run(op(Ping()))) == (
        "A definition expands to itself (Ping -> Pong -> Ping); define it by other operations."
    )


@RUNS
def test_definitions_that_expand_to_others_without_an_end(run: Any) -> None:
    assert sentence(lambda: run(op(Countdown(-1)))) == (
        "Definitions expand to definitions 3,000 levels deep (countdown_-1 -> countdown_-2 -> "
        "... -> countdown_-3001), without an end in sight; let the last of them be made of other "
        "operations."
    )
    assert run(op(Countdown(200)) @ identity(obj())) is not None


@RUNS
def test_a_definition_without_a_program(run: Any) -> None:
    assert sentence(lambda: run(op(Empty()))) == (
        "The arrow of Empty returns None, not a program; return one, as with op(...)."
    )


def test_a_definition_without_an_end_is_not_drawn() -> None:
    assert sentence(lambda: op(Countdown(-1)).draw(unfold=True)) == (
        "Definitions expand to definitions 3,000 levels deep (countdown_-1 -> countdown_-2 -> "
        "... -> countdown_-3001), without an end in sight; let the last of them be made of other "
        "operations."
    )
    assert sentence(lambda: op(Countdown(299)).draw(unfold=True)) == (
        "A picture with 300 frames around one another cannot be read; fold definitions until "
        "there are at most 40."
    )
    assert op(Countdown(39)).draw(unfold=True).svg.startswith("<svg")
    assert op(Countdown(299)).draw().svg.startswith("<svg")


def test_a_definition_whose_type_is_found_by_expanding_it() -> None:
    assert sentence(lambda: op(Untyped(0))) == (
        "The program of Untyped never ends, or not before Python gives up; define it by other "
        "operations, or let it state its source and target."
    )


@RUNS
def test_a_definition_that_states_another_type(run: Any) -> None:
    assert sentence(lambda: run(op(Squared()))) == (
        "The program of Squared goes [float32[2]] -> [float32[2]], but the definition states "
        "[float32[2]] -> [float32[2], float32[2]]; let its source and target be those of its "
        "program."
    )

"""Whatever the proof accepts computes the phases, however a machine was changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from catgrad.errors import CatgradError
from catgrad.folded.bind import bind
from catgrad.folded.machine import Layout, Machine, Mode
from catgrad.folded.prove import prove
from tests.folded.networks import Network, agrees

WIDTHS = [(5, 4, 3), (9, 7, 5), (3, 2), (1, 6, 1), (8, 1, 8)]
LANES = (1, 2, 4, 8)


@cache
def machine(widths: tuple[int, ...], lanes: int) -> Machine:
    return bind(Network(widths).phases, lanes)


def one_of(draw: st.DrawFn, items: tuple[Any, ...]) -> int:
    return draw(st.integers(0, len(items) - 1))


def exchanged(items: tuple[Any, ...], number: int, **changes: Any) -> tuple[Any, ...]:
    """The items with one of them changed."""
    return (*items[:number], replace(items[number], **changes), *items[number + 1 :])


@st.composite
def faults(draw: st.DrawFn) -> tuple[Machine, Machine]:
    """A machine, and the same with one number changed."""
    bound = machine(draw(st.sampled_from(WIDTHS)), draw(st.sampled_from(LANES)))
    changes: dict[str, Callable[[], dict[str, Any]]] = {
        "program": lambda: {"instructions": program(draw, bound)},
        "access": lambda: {"instructions": access(draw, bound)},
        "homes": lambda: {"homes": homes(draw, bound)},
        "memories": lambda: {
            "memories": exchanged(
                bound.memories,
                one_of(draw, bound.memories),
                **{draw(st.sampled_from(["rows", "width", "lanes"])): draw(st.integers(1, 9))},
            )
        },
        "forward": lambda: {"forward": draw(st.integers(0, bound.forward + 1))},
        "restart": lambda: {"restart": draw(st.tuples(*[st.integers(-1, 20)] * 2))},
    }
    return bound, replace(bound, **changes[draw(st.sampled_from(sorted(changes)))]())


def program(draw: st.DrawFn, bound: Machine) -> tuple[Any, ...]:
    """One instruction left out, in another place, or with a field changed."""
    all_of_them = bound.instructions
    number = one_of(draw, all_of_them)
    here = all_of_them[number]
    values: dict[str, st.SearchStrategy[Any]] = {
        "wait": st.integers(here.wait - 3, here.wait + 1),
        "gap": st.integers(here.gap - 2, here.gap + 1),
        "tile": st.none() | st.integers(0, 2),
        "tail": st.integers(0, bound.lanes + 1),
        "mode": st.sampled_from(Mode),
        "body": st.integers(0, len(bound.bodies) - 1),
        "kept": st.integers(0, len(here.loops)),
        "loops": st.permutations(here.loops).map(tuple),
        "phase": st.integers(0, len(all_of_them) - 1),
    }
    field = draw(st.sampled_from(["left out", "moved", *values]))
    if field in values:
        return exchanged(all_of_them, number, **{field: draw(values[field])})
    others = all_of_them[:number] + all_of_them[number + 1 :]
    if field == "left out":
        return others
    place = draw(st.integers(0, len(others)))
    return (*others[:place], here, *others[place:])


def access(draw: st.DrawFn, bound: Machine) -> tuple[Any, ...]:
    """One address changed."""
    number = one_of(draw, bound.instructions)
    station = draw(st.sampled_from(["factors", "operands", "stores"]))
    accesses = getattr(bound.instructions[number], station)
    assume(accesses)
    which = one_of(draw, accesses)
    here = accesses[which]
    near = st.integers(-2, 3)
    values: dict[str, st.SearchStrategy[Any]] = {
        "base": near.map(lambda n: here.base + n),
        "strides": st.tuples(*[near.map(lambda n, s=s: s + n) for s in here.strides]),
        "vector": st.booleans(),
        "buffer": st.sampled_from([0, 1, 2, 4, 8, 16]),
        "memory": st.integers(0, len(bound.memories) - 1),
    }
    field = draw(st.sampled_from(sorted(values)))
    changed = exchanged(accesses, which, **{field: draw(values[field])})
    return exchanged(bound.instructions, number, **{station: changed})


def homes(draw: st.DrawFn, bound: Machine) -> tuple[Any, ...]:
    """One array in another home."""
    number = one_of(draw, bound.homes)
    here = bound.homes[number]
    small = st.integers(1, 9)
    values: dict[str, st.SearchStrategy[Any]] = {
        "base": st.integers(here.base - 8, here.base + 8),
        "buffer": st.sampled_from([0, 1, 2, 3, 4, 8, 16]),
        "memory": st.integers(0, len(bound.memories) - 1),
        "layout": st.builds(Layout, st.just(here.layout.lanes), small, small),
    }
    field = draw(st.sampled_from(sorted(values)))
    return exchanged(bound.homes, number, **{field: draw(values[field])})


def is_accepted(changed: Machine) -> bool:
    try:
        prove(changed)
    except CatgradError:
        return False
    return True


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(faults(), st.lists(st.booleans(), min_size=5, max_size=5), st.integers(0, 99))
def test_what_is_accepted_is_right(fault, learns, seed):
    bound, changed = fault
    assume(changed != bound)
    if is_accepted(changed):
        agrees(changed, learns, seed)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(faults(), st.lists(st.booleans(), min_size=5, max_size=5), st.integers(0, 1 << 32))
def test_what_is_accepted_is_right_very_often(fault, learns, seed):
    bound, changed = fault
    if changed != bound and is_accepted(changed):
        agrees(changed, learns, seed)

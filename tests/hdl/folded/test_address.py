"""Address generators walk through affine addresses by constant steps."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from catgrad.folded.machine import Access, Instruction, Mode
from catgrad.hdl.folded.address import deltas, in_numbers
from catgrad.hdl.folded.stations import Course

END, FINISH = 8, 9

loops = st.lists(st.tuples(st.integers(1, 4), st.integers(-5, 20)), max_size=3)
courses = st.lists(st.tuples(loops, st.integers(0, 99), st.booleans()), min_size=1, max_size=4)


def course(walk: list[tuple[int, int]], base: int) -> tuple[Course, Access]:
    """The loops of an instruction, and an access over them."""
    depth = len(walk)
    extents = tuple(extent for extent, _ in walk)
    access = Access(0, base, tuple(stride for _, stride in walk), vector=False)
    instruction = Instruction(0, Mode.TREE, extents, depth, None, 1, 0, 0, (access,), (), (), 0)
    codes = tuple((depth - 1 - i, extent) for i, extent in enumerate(extents))
    return Course(0, instruction, codes), access


@given(courses)
def test_steps_lead_from_address_to_address(
    drawn: list[tuple[list[tuple[int, int]], int, bool]],
) -> None:
    made = [course(walk, base) for walk, base, _ in drawn]
    used = [present for *_, present in drawn]
    used[0] = used[0] or not any(used)
    accesses = [
        access if present else None for (_, access), present in zip(made, used, strict=True)
    ]
    address, steps = deltas([c for c, _ in made], accesses, END, FINISH)
    first = address
    for number, ((one, access), present) in enumerate(zip(made, used, strict=True)):
        extents = [extent for _, extent in one.loops]
        points = list(product(*map(range, extents)))
        for here, following in zip(points, [*points[1:], None], strict=True):
            if present:
                terms = zip(here, access.strides, strict=True)
                assert address == access.base + sum(i * stride for i, stride in terms)
            if following is None:
                code = END if number + 1 < len(made) else FINISH
            else:
                outermost = next(
                    i for i, (a, b) in enumerate(zip(here, following, strict=True)) if a != b
                )
                code = one.loops[outermost][0]
            address += steps[number, code]
    assert address == first


@given(courses)
def test_a_sample_can_finish_after_any_instruction(
    drawn: list[tuple[list[tuple[int, int]], int, bool]],
) -> None:
    made = [course(walk, base) for walk, base, _ in drawn]
    first, steps = deltas([c for c, _ in made], [access for _, access in made], END, FINISH)
    for number, (one, access) in enumerate(made):
        walk = zip(one.loops, access.strides, strict=True)
        last = access.base + sum((extent - 1) * stride for (_, extent), stride in walk)
        assert last + steps[number, FINISH] == first


def test_rows_become_numbers_by_a_shift() -> None:
    access = Access(1, 3, (1, -2), vector=True, buffer=4)
    assert in_numbers(access, 3) == Access(1, 24, (8, -16), vector=True, buffer=4)
    assert in_numbers(access, 0) is access

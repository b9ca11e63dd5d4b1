"""Pictures: laws that hold for any program, examples, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import reduce

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from catgrad.draw import DrawError, caption, draw
from catgrad.hypergraph import (
    CycleError,
    FiniteFunction,
    Hypergraph,
    Labels,
    OpenHypergraph,
    isomorphic,
)
from tests.draw.reading import Picture
from tests.strategies import open_hypergraphs, runnable


def box(label: str, source: str, target: str) -> OpenHypergraph:
    """One operation; each letter is a wire."""
    return OpenHypergraph.singleton(label, Labels.of(source), Labels.of(target))


def wires(A: str) -> OpenHypergraph:
    return OpenHypergraph.identity(Labels.of(A))


def spider(source: list[int], target: list[int], A: str) -> OpenHypergraph:
    s, t = FiniteFunction.of(source, len(A)), FiniteFunction.of(target, len(A))
    return OpenHypergraph.spider(s, t, Labels.of(A))


def scribble(operations: int, seed: int) -> OpenHypergraph:
    """A program in which each operation reads some of the wires that were written last."""
    pick = random.Random(seed)
    f = wires("abc")
    for n in range(operations):
        reads, live = pick.randint(0, 3), len(f.target)
        chosen = [pick.randrange(max(0, live - 8), live) for _ in range(reads)]
        source = "".join(f.target[i] for i in chosen)
        copies = spider(list(range(live)), [*range(live), *chosen], "".join(f.target))
        f >>= copies >> (
            wires("".join(f.target)) @ box(f"operation {n}", source, "ab"[: n % 2 + 1])
        )
    return f


programs = open_hypergraphs() | runnable()


def picture_of(f: OpenHypergraph, types: Callable[[Hashable], str] = str) -> Picture:
    inputs = [f"input {i}" for i in range(len(f.source))]
    outputs = [f"output {i}" for i in range(len(f.target))]
    try:
        return Picture(draw(f, str, types, inputs, outputs))
    except CycleError:
        reject()


@given(programs)
def test_a_program_can_be_read_back_from_its_picture(f: OpenHypergraph) -> None:
    labelled = Hypergraph(f.H.s, f.H.t, Labels.of(map(str, f.H.w)), Labels.of(map(str, f.H.x)))
    assert isomorphic(picture_of(f).program(), OpenHypergraph(f.s, f.t, labelled))


@given(programs)
def test_nothing_covers_anything_else(f: OpenHypergraph) -> None:
    picture_of(f).assert_clear()


@pytest.mark.parametrize("operations", [3, 12, 30, 60])
def test_nothing_covers_anything_else_in_a_large_picture(operations: int) -> None:
    picture_of(scribble(operations, operations), lambda w: f"float32[{w}, 150]").assert_clear()


@given(programs)
def test_the_same_program_gives_the_same_text(f: OpenHypergraph) -> None:
    try:
        assert draw(f) == draw(f)
    except CycleError:
        reject()


@given(st.permutations(range(4)))
def test_chains_side_by_side_are_straight(places: list[int]) -> None:
    chains = [box(str(n), "a", "a") for n in range(4)]
    rows = reduce(OpenHypergraph.__matmul__, chains)
    f = rows >> rows >> rows
    f = f.permute(FiniteFunction.identity(f.H.W), FiniteFunction.of([*places, *range(4, 12)], 12))
    assert "C" not in "".join(line for line in draw(f).splitlines() if "path" in line)


def test_a_long_wire_runs_level_past_boxes() -> None:
    chain = reduce(OpenHypergraph.__rshift__, [box("f", "a", "a")] * 6)
    picture = picture_of((chain @ wires("b")) >> box("g", "ab", "a"))
    *_, last, reader = picture.boxes
    (passing,) = [
        w for w in picture.wires if w.points[0][0] < last.rectangle.left < w.points[-1][0]
    ]
    heights = {y for x, y in passing.points if x <= last.rectangle.right}
    assert reader.text == "g"
    assert len(heights) == 1


def test_wires_that_wait_in_a_queue_do_not_pile_up() -> None:
    """Each is level for long, and begins below all that wait; together they lean upwards."""
    turn = OpenHypergraph.permutation(Labels.of("abbbbbbbb"), [0, *range(2, 9), 1])
    queue = reduce(OpenHypergraph.__rshift__, [box("f", "ab", "ab") @ wires("b" * 7) >> turn] * 40)
    assert picture_of(queue).canvas.bottom < 550


def test_a_constant_stands_right_before_its_reader() -> None:
    chain = reduce(OpenHypergraph.__rshift__, [box("f", "a", "a")] * 6)
    picture = picture_of((chain @ box("constant", "", "b")) >> box("g", "ab", "a"))
    last, constant = [b for b in picture.boxes if b.text in ("f", "constant")][-2:]
    assert constant.text == "constant"
    assert last.rectangle.left < constant.rectangle.right
    assert constant.rectangle.left < last.rectangle.right


def test_a_picture(golden: Callable[[str, str], None]) -> None:
    """A step of gradient descent: w - rate * x'(xw - y), and the prediction xw."""
    predict = spider([0, 1, 2], [1, 0, 0, 1, 2], "wxy") >> box("Compose", "xw", "p") @ wires("wxy")
    miss = spider([0, 1, 2, 3], [0, 0, 3, 2, 1], "pwxy") >> (
        wires("p") @ box("Subtract", "py", "e") @ box("Permute", "x", "x") @ wires("w")
    )
    update = wires("p") @ (
        OpenHypergraph.twist(Labels.of("e"), Labels.of("x")) @ wires("w")
        >> box("Compose", "xe", "g") @ wires("w")
        >> box("Constant\n0.25", "", "r") @ wires("gw")
        >> box("Multiply", "rg", "d") @ wires("w")
        >> OpenHypergraph.twist(Labels.of("d"), Labels.of("w"))
        >> box("Subtract", "wd", "w")
    )
    step = predict >> miss >> update
    golden("step.svg", draw(step, inputs=["weights", "x", "y"], outputs=["prediction", "weights"]))


def test_captions() -> None:
    class Add:
        pass

    class Named:
        name = "dense"

    class Defined:
        def symbol(self) -> str:
            return "loss"

    assert [caption(label) for label in ("f", Add(), Named(), Defined())] == [
        "f",
        "Add",
        "dense",
        "loss",
    ]


def test_captions_say_the_numbers_of_an_operation() -> None:
    @dataclass(frozen=True)
    class Power:
        T: str
        exponent: float
        axes: tuple[int, ...] = ()
        entries: tuple[int, ...] = ()

    assert caption(Power("a", 2.5)) == "Power\n2.5"
    assert caption(Power("a", 2, (0,))) == "Power\nexponent 2\naxes 0"
    assert caption(Power("a", 2, (0, 1), tuple(range(256)))) == "Power"


def test_marks_are_escaped() -> None:
    assert "&lt;a &amp; b&gt;" in draw(box("<a & b>", "a", "a"))


def test_a_name_too_few() -> None:
    with pytest.raises(DrawError) as error:
        draw(box("f", "ab", "c"), inputs=["x"])
    assert str(error.value) == (
        "The diagram was given 1 input names for 2 inputs; name each input once, in order."
    )

"""Large programs in few boxes."""

from __future__ import annotations

from functools import reduce

from hypothesis import given, reject
from hypothesis import strategies as st

from catgrad.draw import draw
from catgrad.draw.gathering import Gathered, gather
from catgrad.hypergraph import (
    CycleError,
    Hypergraph,
    Labels,
    OpenHypergraph,
    isomorphic,
    layering,
)
from tests.draw.reading import Picture
from tests.draw.test_draw import box, spider, wires
from tests.strategies import open_hypergraphs, runnable

programs = open_hypergraphs() | runnable()


def gathered(f: OpenHypergraph, most: int = 1_000) -> Gathered:
    names = [f"{side} " for side in ("in", "out")]
    inputs, outputs = ([name] * len(p) for name, p in zip(names, (f.source, f.target), strict=True))
    try:
        return gather(f, str, str, inputs, outputs, most)
    except CycleError:
        reject()


def relabelled(f: OpenHypergraph) -> OpenHypergraph:
    """Every operation with a caption of its own."""
    x = Labels.of(f"{label} {chr(ord('a') + i)}" for i, label in enumerate(f.H.x))
    return OpenHypergraph(f.s, f.t, Hypergraph(f.H.s, f.H.t, f.H.w, x))


@given(programs)
def test_what_differs_in_all_captions_stays_as_it_is(f: OpenHypergraph) -> None:
    f = relabelled(f)
    names = "abcdefgh"
    try:
        g = gather(f, str, str, names[: len(f.source)], names[: len(f.target)], 1_000)
    except CycleError:
        reject()
    assert isomorphic(g.program, f)
    assert g.inputs == [*names[: len(f.source)]]
    assert g.outputs == [*names[: len(f.target)]]


@given(programs, st.sampled_from([0, 1_000]))
def test_every_operation_is_in_one_box(f: OpenHypergraph, most: int) -> None:
    def count(text: str) -> int:
        return int(text.partition("×")[2] or 1)

    found = gathered(f, most).program
    assert sum(count(text) for text in found.H.x) == f.H.X
    layering(found)  # no circle


@given(runnable(), st.sampled_from([0, 1_000]))
def test_gathered_pictures_are_clear(f: OpenHypergraph, most: int) -> None:
    g = gathered(f @ f @ f, most)
    Picture(draw(g.program, inputs=g.inputs, outputs=g.outputs)).assert_clear()


def test_equal_operations_side_by_side_become_one() -> None:
    multiply = reduce(OpenHypergraph.__matmul__, [box("Multiply", "ab", "c")] * 4)
    add = reduce(OpenHypergraph.__matmul__, [box("Add", "cc", "c")] * 2)
    inputs = [f"{name}_{i}" for i in range(4) for name in "wx"]
    g = gather(multiply >> add, str, str, inputs, ["s_0", "s_1"], 1_000)
    assert g.inputs == ["w", "x"]
    assert g.outputs == ["s"]
    assert g.program.summary() == (
        "[a ×4, b ×4] -> [c ×2], 2 operations, 4 wires\n"
        "inputs w2: a ×4, w3: b ×4\n"
        "w0: c ×4 = Multiply\n×4(w2, w3)\n"
        "w1: c ×2 = Add\n×2(w0, w0)\n"
        "outputs w1"
    )


def test_a_long_chain_becomes_one_box() -> None:
    layer = (wires("a") @ box("weights", "", "w")) >> box("dense", "aw", "a")
    picture = Picture(draw(reduce(OpenHypergraph.__rshift__, [layer] * 512), inputs=["x"]))
    assert [box.text for box in picture.boxes] == ["weights\n×512", "dense\n×512"]


def test_what_stands_between_equal_operations_keeps_them_apart() -> None:
    layer = box("f", "a", "a") >> box("g", "a", "a")
    f = reduce(OpenHypergraph.__rshift__, [layer] * 100)
    assert len(Picture(draw(f)).boxes) == 200


def test_wires_of_several_types_are_counted() -> None:
    f = reduce(OpenHypergraph.__matmul__, [box("f", "", "a"), box("f", "", "b")] * 100)
    labels = [text.text for text in Picture(draw(f)).texts if text.style == "label"]
    assert "2 types ×200" in labels


def test_a_program_of_very_many_operations_is_drawn() -> None:
    half = [box("Add", "aa", "a")] * (1 << 13)
    copy = spider([0], [0, 0], "a")
    tree = reduce(
        OpenHypergraph.__rshift__,
        [OpenHypergraph.tensor_list([copy] * (1 << 13)), OpenHypergraph.tensor_list(half)],
    )
    picture = Picture(draw(tree >> tree >> tree))
    assert [box.text for box in picture.boxes] == ["Add\n×8,192"] * 3

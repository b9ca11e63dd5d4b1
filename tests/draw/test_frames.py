"""Operations that stand for programs: folded, in frames, and below the picture."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from catgrad.draw import DrawError, draw
from catgrad.hypergraph import (
    CycleError,
    Functor,
    Hypergraph,
    Labels,
    OpenHypergraph,
    isomorphic,
)
from tests.draw.reading import Picture
from tests.draw.test_draw import box, scribble, spider, wires
from tests.strategies import Operation, open_hypergraphs, runnable


@dataclass(frozen=True)
class Block:
    """An operation that stands for a program."""

    name: str
    program: OpenHypergraph
    arguments: tuple[str, ...] = ()
    results: tuple[str, ...] = ()


def block(name: str, f: OpenHypergraph, *names: tuple[str, ...]) -> OpenHypergraph:
    return OpenHypergraph.singleton(Block(name, f, *names), f.source, f.target)


class Replace(Functor):
    """Each operation of a dictionary replaced by its program."""

    def __init__(self, programs: dict[Operation, OpenHypergraph]) -> None:
        self.programs = programs

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        return self.programs.get(label, label.program())


@st.composite
def nested(draw: st.DrawFn, depth: int = 2) -> tuple[OpenHypergraph, OpenHypergraph]:
    """A program with blocks in blocks, and the same program without them."""
    f = draw(open_hypergraphs() | runnable())
    folded, flat = {}, {}
    for x in dict.fromkeys(f.H.x):
        if draw(st.booleans()):
            inner = plain = draw(open_hypergraphs(x.source(), x.target()))
            if depth > 1 and draw(st.booleans()):
                y = Operation("h", x.sources, x.targets)
                inner, plain = block("inner", inner), Replace({y: plain})(y.program())
            folded[x], flat[x] = block("outer", inner), plain
    return Replace(folded)(f), Replace(flat)(f)


def bare(f: OpenHypergraph) -> OpenHypergraph:
    """A program without the types of its wires."""
    w = Labels.of([""] * f.H.W)
    return OpenHypergraph(f.s, f.t, Hypergraph(f.H.s, f.H.t, w, Labels.of(map(str, f.H.x))))


@given(nested())
def test_a_program_can_be_read_back_from_its_frames(
    programs: tuple[OpenHypergraph, OpenHypergraph],
) -> None:
    folded, flat = programs
    try:
        picture = Picture(draw(folded, str, lambda _: "", unfold=True))
    except CycleError:
        reject()
    assert isomorphic(bare(picture.program()), bare(flat))


@given(nested(), st.booleans())
def test_frames_and_definitions_cover_nothing(
    programs: tuple[OpenHypergraph, OpenHypergraph], unfold: bool
) -> None:
    try:
        svg = draw(programs[0], unfold=unfold)
    except CycleError:
        reject()
    assume("<rect" in svg)
    Picture(svg).assert_clear()


def test_large_frames_cover_nothing() -> None:
    inner = block("a long name of a block", scribble(12, 1))
    outer = block("outer", inner >> box("f", "".join(inner.target), "abc") >> inner)
    picture = Picture(draw(outer @ outer, unfold=True))
    assert len(picture.frames) == 6
    picture.assert_clear()


def layer() -> OpenHypergraph:
    affine = box("Compose", "xw", "y") @ wires("b") >> box("Add", "yb", "y")
    dense = block("dense", affine, ("x", "weights", "bias"), ("y",))
    parameters = box("weights", "", "w") @ box("bias", "", "b")
    return (wires("x") @ parameters) >> dense >> box("ReLU", "y", "x")


def texts(picture: Picture, style: str) -> list[str]:
    return [text.text for text in picture.texts if text.style == style]


def test_a_definition_is_drawn_once_below_its_users() -> None:
    model = reduce(OpenHypergraph.__rshift__, [block("twice", layer() >> layer())] * 3)
    picture = Picture(draw(model, inputs=["in"], outputs=["out"]))
    assert texts(picture, "heading") == ["twice", "dense"]
    assert texts(picture, "name") == ["in", "out", "x", "weights", "bias", "y"]
    assert [box.text for box in picture.boxes].count("twice") == 3
    assert [box.text for box in picture.boxes].count("dense") == 2
    assert [box.text for box in picture.boxes].count("Compose") == 1
    assert texts(Picture(draw(model, definitions=False)), "heading") == []


def test_different_definitions_of_one_name_are_numbered() -> None:
    f = block("dense", box("f", "a", "a")) >> block("dense", box("g", "a", "a"))
    picture = Picture(draw(f))
    assert [box.text for box in picture.boxes] == ["dense", "dense 2", "f", "g"]
    assert texts(picture, "heading") == ["dense", "dense 2"]


def test_a_frame_has_the_names_of_its_inputs_and_the_types_of_inner_wires() -> None:
    picture = Picture(draw(layer(), unfold=True))
    assert texts(picture, "title") == ["dense"]
    # From Compose to Add there is a y; what Add computes has its type outside of the frame.
    assert sorted(texts(picture, "label")) == sorted(["x", "x", "weights", "bias", *"wbyyx"])


def test_some_are_folded_and_some_are_not() -> None:
    model = block("twice", layer() >> layer())
    assert len(Picture(draw(model)).frames) == 0
    assert len(Picture(draw(model, unfold=True)).frames) == 3
    for options in ({"unfold": ["twice"]}, {"unfold": True, "fold": ["dense"]}):
        picture = Picture(draw(model, **options))
        assert texts(picture, "title") == ["twice"]
        assert texts(picture, "heading") == ["dense"]


def test_what_is_defined_in_a_folded_definition_is_drawn_as_well() -> None:
    picture = Picture(draw(block("twice", layer() >> layer()), unfold=["dense"]))
    assert texts(picture, "heading") == ["twice"]
    assert texts(picture, "title") == ["dense", "dense"]


def test_very_many_definitions_are_not_all_drawn() -> None:
    many = [block(f"d{n}", box(f"f{n}", "a", "a")) for n in range(100)]
    picture = Picture(draw(reduce(OpenHypergraph.__rshift__, many)))
    assert texts(picture, "heading") == [
        *(f"d{n}" for n in range(59)),
        "and more, which are not drawn here",
    ]
    picture.assert_clear()


@pytest.mark.parametrize("wanted", [{"fold": ["relu"]}, {"unfold": ["relu"]}])
def test_a_name_that_is_not_there(wanted: dict[str, Any]) -> None:
    with pytest.raises(DrawError) as error:
        draw(block("twice", layer() >> layer()), **wanted)
    assert str(error.value) == (
        "The program has no definition named relu to fold or unfold; it has dense, twice."
    )
    with pytest.raises(DrawError) as error:
        draw(wires("a"), **wanted)
    assert str(error.value) == (
        "The program has no definition named relu to fold or unfold; it has none."
    )


def test_a_definition_that_expands_to_itself() -> None:
    class Endless:
        def symbol(self) -> str:
            return "endless"

        def arrow(self) -> OpenHypergraph:
            return box("f", "a", "a") >> OpenHypergraph.singleton(self, A, A)

    A = Labels.of("a")
    with pytest.raises(DrawError) as error:
        draw(OpenHypergraph.singleton(Endless(), A, A))
    assert str(error.value) == (
        "A definition expands to itself (endless -> endless); define it by other operations."
    )


def test_too_much_in_frames() -> None:
    f = block("large", reduce(OpenHypergraph.__rshift__, [layer()] * 200))
    with pytest.raises(DrawError) as error:
        draw(f >> f, unfold=True)
    assert str(error.value) == (
        "A picture of 2,402 boxes and frames cannot be read; fold definitions until there are at "
        "most 1,000."
    )


def test_a_frame_whose_program_is_wires_only() -> None:
    swap = block("swap", spider([0, 1], [1, 0], "ab"))
    picture = Picture(draw(swap, unfold=True))
    assert isomorphic(bare(picture.program()), bare(spider([0, 1], [1, 0], "ab")))

"""Pictures as objects, in notebooks and in files; operations that are drawn as wires."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.draw import Drawing, draw
from catgrad.draw.wiring import wired
from catgrad.errors import CatgradError
from catgrad.hypergraph import Labels, OpenHypergraph, isomorphic, viewing
from tests.draw.reading import Picture
from tests.draw.test_draw import box, spider, wires


def test_a_program_draws_itself() -> None:
    f = box("f", "a", "b")
    picture = f.draw(inputs=["x"])
    assert isinstance(picture, Drawing)
    assert picture._repr_svg_() == picture.svg == draw(f, inputs=["x"])
    assert f._repr_svg_() == draw(f)
    assert repr(Drawing("<svg/>")) == "Drawing(6 characters of SVG)"


def test_a_picture_is_saved(tmp_path: Path) -> None:
    path = box("f", "a", "b").draw().save(tmp_path / "f.svg")
    assert [b.text for b in Picture(path.read_text()).boxes] == ["f"]
    with pytest.raises(CatgradError) as error:
        box("f", "a", "b").draw().save(tmp_path / "no" / "f.svg")
    assert str(error.value) == (
        f"There is no directory {tmp_path / 'no'} to write f.svg into; make it first."
    )


def test_a_program_without_a_picture_is_shown_as_text() -> None:
    """Operations that wait for each other have no place from left to right."""
    endless = OpenHypergraph.singleton("f", Labels.of("aa"), Labels.of("a"))
    circle = endless.glue(endless.s[1:], endless.t)
    assert circle._repr_svg_() is None


def test_nothing_that_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "_painters", [])
    with pytest.raises(CatgradError) as error:
        box("f", "a", "b").draw()
    assert str(error.value) == (
        "Nothing that draws programs has been imported; import catgrad.draw first."
    )
    assert box("f", "a", "b")._repr_svg_() is None


@dataclass(frozen=True)
class Copy:
    T: str


@dataclass(frozen=True)
class Discard:
    T: str


def copy(A: str) -> OpenHypergraph:
    """Each wire twice, by operations."""
    return OpenHypergraph.tensor_list(
        [OpenHypergraph.singleton(Copy(T), Labels.of(T), Labels.of(T * 2)) for T in A]
    )


@given(st.text("abc", min_size=1, max_size=3))
def test_copies_are_wires_that_branch(A: str) -> None:
    discards = [OpenHypergraph.singleton(Discard(T), Labels.of(T), Labels.of("")) for T in A]
    ends = OpenHypergraph.tensor_list([wires(T) @ d for T, d in zip(A, discards, strict=True)])
    assert isomorphic(wired(copy(A) >> ends), wires(A))
    f = box("f", "a", A) >> copy(A)
    branches = [i // 2 for i in range(2 * len(A))]
    assert isomorphic(wired(f), box("f", "a", A) >> spider([*range(len(A))], branches, A))
    assert [b.text for b in Picture(draw(f)).boxes] == ["f"]


def test_only_operations_of_the_right_arity_are_wires() -> None:
    f = OpenHypergraph.singleton(Copy("a"), Labels.of("a"), Labels.of("aaa"))
    assert wired(f) == f
    assert wired(box("Copy", "a", "aa")) == box("Copy", "a", "aa")

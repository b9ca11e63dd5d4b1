"""Files that appear whole or not at all, and places where there can be none."""

from __future__ import annotations

from pathlib import Path

import pytest

from catgrad import CatgradError
from catgrad.draw import Drawing
from catgrad.publish import make_directory, publish


def refused(attempt) -> str:
    with pytest.raises(CatgradError) as error:
        attempt()
    return str(error.value)


def test_a_file_and_its_directory(tmp_path: Path) -> None:
    path = publish(make_directory(tmp_path / "a" / "b") / "file", "text")
    assert path.read_text() == "text"
    assert [*path.parent.iterdir()] == [path]


def test_places_that_are_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refused(lambda: publish(tmp_path, "text")) == (
        f"{tmp_path} is a directory; name a file to write."
    )
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert refused(lambda path=path: make_directory(path)) == (
            f"{path} is a file, not a directory; name a directory to write into."
        )


def test_places_where_nothing_can_be() -> None:
    assert refused(lambda: publish("/proc/x.py", "text")) == (
        "/proc/x.py: No such file or directory; choose another place."
    )
    assert refused(lambda: make_directory("/proc/x")) == (
        "/proc/x: No such file or directory; choose another place."
    )


def test_a_drawing_is_svg(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    assert refused(lambda: Drawing("<svg/>").save(path)) == (
        f"A drawing is an SVG document, which {path} is not; end it in .svg."
    )
    assert Drawing("<svg/>").save(path.with_suffix(".svg")).read_text() == "<svg/>"

"""Where an export may write, and what it leaves alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from catgrad import CatgradError
from catgrad.hardware import Hardware
from tests.export.cores import CORES


@cache
def hardware() -> Hardware:
    return CORES["empty"]()


def refused(folder: str | Path, name: str = "second") -> str:
    """The sentence with which an export is refused, which leaves all there as it was."""
    place = Path(folder)
    before = {path: path.read_bytes() for path in place.glob("**/*") if path.is_file()}
    with pytest.raises(CatgradError) as error:
        hardware().export(folder, name=name, samples=1)
    assert before == {path: path.read_bytes() for path in place.glob("**/*") if path.is_file()}
    return str(error.value)


def test_a_readme_of_ones_own_stays(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    assert refused(tmp_path) == (
        f"{tmp_path} has README.md, which no export of second wrote, since second.core of one is "
        f"not there; choose another directory, such as {tmp_path}/second."
    )


def test_two_cores_do_not_mix(tmp_path: Path) -> None:
    first = hardware().export(tmp_path / "core", name="first", samples=1)
    assert refused(tmp_path / "core") == (
        f"{tmp_path}/core has reference.py, README.md and report.json, which no export of second "
        f"wrote, since second.core of one is not there; choose another directory, such as "
        f"{tmp_path}/core/second."
    )
    hardware().export(tmp_path / "core" / "second", name="second", samples=1)
    assert hardware().export(tmp_path / "core", name="first", samples=2) == first


def test_a_manifest_that_is_none_is_no_sign(tmp_path: Path) -> None:
    (tmp_path / "second.core").write_text("CAPI=2:\nname: ::third:0.1.0\n")
    assert refused(tmp_path) == (
        f"{tmp_path} has second.core, which no export of second wrote, since second.core of one is "
        f"not there; choose another directory, such as {tmp_path}/second."
    )


def test_an_interrupted_export_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(path: Path, text: str) -> Path:
        if path.name == "reference.py":
            raise KeyboardInterrupt
        path.write_text(text)
        return path

    with monkeypatch.context() as patch:
        patch.setattr("catgrad.export.write.publish", publish)
        with pytest.raises(KeyboardInterrupt):
            hardware().export(tmp_path, samples=1)
    assert (tmp_path / "learner.v").exists()
    written = hardware().export(tmp_path, samples=1)
    assert all(path.is_file() for path in written)


def test_a_directory_in_the_place_of_a_file(tmp_path: Path) -> None:
    hardware().export(tmp_path, name="second", samples=1)
    (tmp_path / "report.json").unlink()
    (tmp_path / "report.json").mkdir()
    assert refused(tmp_path) == (
        f"{tmp_path}/report.json is a directory, where second is to have a file; choose another "
        f"directory than {tmp_path}."
    )


def test_no_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused("") == (
        "The directory to write second into is the empty text; name one, such as build/second, or "
        '"." for where you are.'
    )
    assert hardware().export(".", samples=1)

"""Which C++ compiler simulators are built with."""

from __future__ import annotations

import sys

import pytest

from catgrad.errors import CatgradError
from sim import cpp


def test_that_of_the_system_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpp.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(cpp, "find_spec", lambda _: object())
    assert cpp.compiler("Building") == ["g++"]


def test_that_of_the_package_index_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpp.shutil, "which", lambda _: None)
    monkeypatch.setattr(cpp, "find_spec", lambda name: name == "ziglang" or None)
    assert cpp.compiler("Building")[:4] == [sys.executable, "-m", "ziglang", "c++"]


def test_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpp.shutil, "which", lambda _: None)
    monkeypatch.setattr(cpp, "find_spec", lambda _: None)
    with pytest.raises(CatgradError) as error:
        cpp.compiler("Building", ", or do not build")
    assert str(error.value) == (
        "Building needs a C++ compiler, which is not installed; get one with `sudo apt-get install "
        "g++` or `pip install ziglang`, or do not build."
    )

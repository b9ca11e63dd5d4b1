"""A directory to run commands in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.runs import FILE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with hardware and its samples, in the directory that commands run in.

    Its simulated board is compiled once for all of them.
    """
    compiled = ROOT / "build" / "sim"
    compiled.mkdir(parents=True, exist_ok=True)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "sim").symlink_to(compiled)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "program.py").write_text(FILE)
    return tmp_path / "program.py"

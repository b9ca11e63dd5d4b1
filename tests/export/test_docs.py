"""What docs/export.md asks a reader to type works, and so does the example that it names."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.export.tools import run, verilator_bin

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "export.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [program] = blocks("python")
    exec(program, {})
    for line in re.findall(r"^\| (`.*?) \|", PAGE, re.M):
        for name in re.findall(r"`([\w.]+)`", line):
            if name not in ("filter_sim.v", "addresses.json"):
                assert (tmp_path / "build" / "filter" / name).exists(), name

    [source] = blocks("c")
    folder = tmp_path / "build" / "filter"
    (folder / "freeze.c").write_text(source)
    done = run("gcc", "-std=c99", "-Wall", "-Werror", "-c", "freeze.c", folder=folder)
    assert (done.returncode, done.stdout) == (0, "")

    check, _ = blocks("sh")
    place, *commands = check.splitlines()
    assert place == "cd build/filter"
    path = f"{Path(sys.executable).parent}:{verilator_bin()}:"
    for command in commands:
        if "fusesoc" in command:
            (folder / "fusesoc.conf").write_text("[main]\ncache_root = cache\n")
            command = command.replace("fusesoc", "fusesoc --config fusesoc.conf")
        done = run("bash", "-c", f"PATH={path}$PATH; {command}", folder=folder)
        assert done.returncode == 0, (command, done.stdout[-2000:])


def test_a_design_around_a_core(tmp_path: Path) -> None:
    done = run(sys.executable, "examples/embed/embed.py", "--out", str(tmp_path), folder=ROOT)
    assert done.returncode == 0, done.stdout
    assert re.fullmatch(
        r"PASS: 64 samples in \d+ cycles\.\n"
        r"button held: level \d+, light off\n"
        r"after learning: level \d+, light  on\n"
        r"PASS\n",
        done.stdout,
    )


@pytest.mark.slow
def test_a_bitstream_of_it() -> None:
    """In the tree, since place and route does not see all of the file system."""
    done = run(sys.executable, "examples/embed/embed.py", "--board", folder=ROOT)
    assert done.returncode == 0, done.stdout
    said = done.stdout.splitlines()[-1]
    found = re.fullmatch(
        r"canceller\.bin: \d+ of 5280 logic cells, 1 multiplier, (\d+\.\d) MHz where 12 are needed",
        said,
    )
    assert found, said
    assert float(found[1]) >= 12
    assert (ROOT / "build" / "embed" / "canceller.bin").stat().st_size > 100_000

"""Rules of the house that a reader would otherwise have to check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = {".py", ".md", ".v", ".sh", ".toml"}


def lines_that_match(pattern: str) -> list[str]:
    """Lines of the whole tree, but of this file, which has to write down what it looks for."""
    tops = ("catgrad", "sim", "boards", "examples", "bench", "tests", "docs", "tools")
    paths = [*ROOT.iterdir(), *(path for top in tops for path in (ROOT / top).rglob("*"))]
    return [
        f"{path.relative_to(ROOT)}:{number}: {line}"
        for path in sorted(paths)
        if path.suffix in KINDS and path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(pattern, line)
    ]


def test_nothing_is_left_for_later() -> None:
    words = r"\b(TODO|FIXME|XXX|NotImplementedError|no cover)\b|mark\.(skip|xfail)|pytest\.skip"
    assert lines_that_match(words) == []


def test_no_path_of_one_machine() -> None:
    assert lines_that_match(r"(^|[^\w.])/(home|root|Users)/") == []


def targets() -> dict[str, str]:
    """The commands of the Makefile, each with its line of help."""
    makefile = (ROOT / "Makefile").read_text()
    return dict(re.findall(r"^([a-z-]+):.*?## (.*)$", makefile, re.MULTILINE))


def test_the_makefile_says_what_each_command_does() -> None:
    phony = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {*phony} - {*targets()} == {"system-packages"}


def commands(page: str) -> list[str]:
    """What the shell blocks and the code words of a page ask a reader to type."""
    text = (ROOT / page).read_text()
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL)
    return [*"\n".join(blocks).splitlines(), *re.findall(r"`([^`\n]+)`", text)]


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_commands_in_the_documents_exist(page: str) -> None:
    for command in commands(page):
        for target in re.findall(r"^(?:\$ )?make ([a-z-]+)", command):
            assert target in targets()
        for path in re.findall(r"\b(?:examples|bench|docs|tools)/[\w./-]*\w", command):
            assert (ROOT / path).exists(), path


def test_pictures_and_files_of_the_readme_exist() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / "README.md").read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_programs_in_the_readme_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for program in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL):
        exec(program, names)
    assert names["error"] < 0.02
    assert names["hardware"].report().latency == 5
    assert capsys.readouterr().out == "1700 integers, all equal\n"

"""Imports run one way, as docs/architecture.md draws it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Each line may import from itself and from the lines above it. `catgrad` is what
# `from catgrad import ...` gives to users, catgrad/__init__.py.
ROOMS = [
    ["catgrad.errors", "catgrad.publish"],
    ["catgrad.hypergraph"],
    ["catgrad.draw"],
    ["catgrad.combinators"],
    ["catgrad.core", "catgrad.signature"],
    ["catgrad.special"],
    ["catgrad.kernel"],
    ["catgrad.bidirectional"],
    ["catgrad.layers"],
    ["catgrad.learner", "catgrad.parameters"],
    ["catgrad.target"],
    ["catgrad.fixed"],
    ["catgrad.circuit"],
    ["catgrad.folded", "catgrad.serial"],
    ["catgrad.hdl"],
    ["catgrad.export"],
    ["catgrad.compile", "catgrad.hardware"],
    ["catgrad.dsp"],
    ["catgrad"],
    ["sim", "boards"],
    ["catgrad.cli"],
]
FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}


def modules() -> dict[str, Path]:
    """All modules of the project by name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for top in ("catgrad", "sim", "boards")
        for path in sorted(ROOT.glob(f"{top}/**/*.py"))
    }


def imports(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Each imported module with the names taken from it, but not what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written in full"
            yield node.module or "", [alias.name for alias in node.names]
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from imports(node)


def imported(path: Path, known: dict[str, Path]) -> set[str]:
    """The modules of the project that a file imports."""
    found = set()
    for module, names in imports(ast.parse(path.read_text())):
        submodules = [f"{module}.{name}" for name in names if f"{module}.{name}" in known]
        found |= {*submodules} if len(submodules) == len(names) > 0 else {module, *submodules}
    return found & {*known}


def room(module: str) -> str:
    first, *rest = module.split(".")
    return f"{first}.{rest[0]}" if rest and first == "catgrad" else first


def test_rooms_import_from_those_above() -> None:
    known = modules()
    wrong = [
        f"{module} imports {other}"
        for module, path in known.items()
        for other in imported(path, known)
        if FLOOR[room(other)] > FLOOR[room(module)]
    ]
    assert wrong == []


def test_modules_do_not_import_each_other_in_circles() -> None:
    known = modules()
    # A package's __init__ gathers what its modules offer, and modules name each other directly.
    graph = {
        module: {other for other in imported(path, known) if known[other].name != "__init__.py"}
        for module, path in known.items()
    }
    TopologicalSorter(graph).prepare()


def test_nothing_imports_programs_or_tests() -> None:
    outside = {"examples", "bench", "tests"}
    for path in modules().values():
        assert outside.isdisjoint(m.split(".")[0] for m, _ in imports(ast.parse(path.read_text())))


def test_the_architecture_page_draws_the_same_order() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]
    lines = [line.strip().split("  ")[0] for line in page.splitlines() if line.strip(" │")]
    drawn = [name.split("/")[0] for line in lines for name in line.split(", ")]
    floors = [FLOOR.get(f"catgrad.{name}", FLOOR.get(name, -1)) for name in drawn]
    assert floors == sorted(floors)
    assert -1 not in floors

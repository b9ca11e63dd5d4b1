"""catgrad 0.2.2 in an environment of its own, and programs run there and here.

``python tests/migration/peer.py`` compares what `programs.py` computes, and writes down what it
computes under 0.2.2, so that tests can compare with it anywhere. Given a checkout of the
repository of 0.2.2 (tag pypi-0.2.2), it runs that repository's own iris example as well:
``python tests/migration/peer.py --repository PATH``.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
ENVIRONMENT = ROOT / "build" / "catgrad-0.2.2"
PROGRAMS = HERE / "programs.py"
RECORD = HERE / "catgrad-0.2.2.json"

# 0.2.2 imports PyTorch for its Torch backend, without depending on it. No program here uses that
# backend, and so the name of one class is enough.
TORCH = "class Tensor: ...\n"

# The iris example of 0.2.2 with what it needs of pandas: the columns of a file by name.
EXAMPLE = """
import sys, types
import numpy as np

class Table(dict):
    def __getitem__(self, names):
        return Table((name, dict.__getitem__(self, name)) for name in names)
    def to_numpy(self):
        return np.stack([*self.values()], axis=1)

def read_csv(path):
    lines = [line.split(",") for line in open(path).read().split()]
    columns = [*zip(*(map(float, line[:4]) for line in lines[1:]))]
    return Table(zip(lines[0][:4], map(np.array, columns)))

sys.modules["pandas"] = types.ModuleType("pandas")
sys.modules["pandas"].read_csv = read_csv
if not hasattr(__import__("torch"), "float32"):
    sys.modules["torch"].float32 = None
    sys.modules["torch"].set_default_dtype = lambda dtype: None
np.random.seed(0)
path = sys.argv[1]
sys.argv = [path, *sys.argv[2:]]
exec(compile(open(path).read(), path, "exec"), {"__name__": "__main__"})
"""
MODELS = ("linear", "simple", "dense", "hidden")


def peer() -> list[str]:
    """How to run Python with catgrad 0.2.2; its environment is made when missing, from PyPI."""
    python = ENVIRONMENT / "bin" / "python"
    done = ENVIRONMENT / "complete"
    if not done.exists():
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "catgrad==0.2.2", "numpy<2"], check=True)
        [packages] = ENVIRONMENT.glob("lib/*/site-packages")
        (packages / "torch.py").write_text(TORCH)
        done.touch()
    return [str(python), "-E"]  # a PYTHONPATH may hold the catgrad of this repository


def names() -> list[str]:
    """What the modules of 0.2.2 define for others, as ``module.name``."""
    peer()
    [package] = ENVIRONMENT.glob("lib/*/site-packages/catgrad")
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        for x in ast.parse(path.read_text()).body:
            defined: list[str] = []
            if isinstance(x, ast.FunctionDef | ast.ClassDef):
                defined = [x.name]
            elif isinstance(x, ast.Assign):
                defined = [target.id for target in x.targets if isinstance(target, ast.Name)]
            found += [f"{module}.{name}" for name in defined if not name.startswith("_")]
    return found


def results(python: list[str]) -> dict[str, NDArray[Any]]:
    """What the programs compute under a Python; arrays by program and position."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.npz"
        # In a folder of its own, so that the catgrad of that Python is the one that is imported.
        subprocess.run([*python, PROGRAMS, path], check=True, cwd=folder)
        with np.load(path) as found:
            return dict(found)


def summary(x: NDArray[Any]) -> list[Any]:
    """An array in a line: its shape, and means of its magnitudes, its numbers, weighted numbers."""
    numbers = x.astype(np.float64).reshape(-1)
    weighted = numbers * np.cos(np.arange(x.size))
    means = [y.mean() if x.size else 0.0 for y in (np.abs(numbers), numbers, weighted)]
    return [list(x.shape), *(float(f"{mean:.6g}") for mean in means)]


@dataclass(frozen=True)
class Difference:
    """How far two arrays are apart, relative to the greatest number of the former."""

    name: str
    shapes: tuple[object, object]
    dtypes: tuple[object, object]
    error: float


def differences(theirs: dict[str, NDArray[Any]], ours: dict[str, NDArray[Any]]) -> list[Difference]:
    """Array by array."""
    return [
        Difference(
            name,
            (theirs[name].shape, ours[name].shape),
            (theirs[name].dtype, ours[name].dtype),
            _error(theirs[name], ours[name]),
        )
        for name in theirs
    ]


def _error(a: NDArray[Any], b: NDArray[Any]) -> float:
    if a.shape != b.shape or a.size == 0:
        return 0.0 if a.shape == b.shape else float("inf")
    scale = max(float(np.abs(a).max()), 1e-30)
    return float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max()) / scale


def example(python: list[str], repository: Path, model: str) -> str:
    """The last line that the iris example of a checkout prints: its accuracy."""
    command = [*python, "-c", EXAMPLE, repository / "examples" / "iris.py", model]
    data = ["--iris-data", repository / "data" / "iris.csv"]
    with tempfile.TemporaryDirectory() as folder:
        output = subprocess.run(
            [*command, *data], check=True, cwd=folder, capture_output=True, text=True
        ).stdout
    return output.splitlines()[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repository", type=Path, help="a checkout of catgrad, tag pypi-0.2.2")
    repository: Path | None = parser.parse_args().repository
    here, there = [sys.executable], peer()
    theirs = results(there)
    lines = [f'"{name}": {json.dumps(summary(x))}' for name, x in theirs.items()]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    found = differences(theirs, results(here))
    for program in dict.fromkeys(x.name.split("/")[0] for x in found):
        own = [x for x in found if x.name.split("/")[0] == program]
        worst = max(x.error for x in own)
        print(f"{program:28} {len(own):4} arrays, greatest relative difference {worst:.1e}")
    if repository is not None:
        for model in MODELS:
            for name, python in ("0.2.2", there), ("here", here):
                print(f"examples/iris.py {model:8} {name:6} {example(python, repository, model)}")


if __name__ == "__main__":
    main()

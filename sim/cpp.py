"""The C++ compiler that simulators are built with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec

from catgrad.errors import CatgradError

# Where it does not optimise, this one adds checks of undefined behaviour.
ZIG = [sys.executable, "-m", "ziglang", "c++", "-fno-sanitize=undefined"]


def compiler(purpose: str, otherwise: str = "") -> list[str]:
    """How to call it: g++, or else the one in the Python package ziglang.

    CatgradError, which begins with the purpose, if neither is there; it says what to do otherwise.
    """
    if shutil.which("g++"):
        return ["g++"]
    if find_spec("ziglang"):
        return ZIG
    raise CatgradError(
        f"{purpose} needs a C++ compiler, which is not installed; get one with `sudo apt-get "
        f"install g++` or `pip install ziglang`{otherwise}."
    )


@lru_cache
def said_version(command: Sequence[str]) -> str:
    """What a compiler says of itself; the command comes as a tuple."""
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    return done.stdout

"""A compiler call that keeps the objects of Verilator's runtime library.

    KEEP=directory python object_cache.py COMPILER ARGUMENT...

Verilator's makefile compiles the same few files of its library anew for every design: most of the
work for a small one. It lets a program stand before the compiler (OBJCACHE); this one compiles such
a file once, and copies the object from then on. It needs nothing but the standard library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path


def compile_once(command: list[str], keep: Path) -> int:
    """Run a compiler, or fetch what it made of the same command; the compiler's exit status."""
    source = Path(command[-1])
    if not (source.is_absolute() and source.name.startswith("verilated")):
        return subprocess.call(command)
    made = command[command.index("-o") + 1]
    kept = keep / f"{source.stem}-{sha256(' '.join(command).encode()).hexdigest()[:16]}.o"
    if kept.exists():
        shutil.copyfile(kept, made)
        return 0
    status = subprocess.call(command)
    if status == 0:
        # Under its final name the file is complete, also for a build beside this one.
        copy = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(made, copy)
        copy.replace(kept)
    return status


if __name__ == "__main__":
    sys.exit(compile_once(sys.argv[1:], Path(os.environ["KEEP"])))

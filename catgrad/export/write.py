"""The files of an exported core."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from catgrad.errors import CatgradError
from catgrad.export.bench import bench
from catgrad.export.cocotb_bench import cocotb_bench
from catgrad.export.description import Description
from catgrad.export.manifest import head, manifest
from catgrad.export.readme import readme
from catgrad.export.registers import header, register_page
from catgrad.export.verilog import core_verilog, simulated_verilog
from catgrad.publish import make_directory, publish


def files(core: Description) -> dict[str, str]:
    """The texts of an exported core, by the names of their files.

    They depend on nothing but the description: no date, no path, no tool that the machine has.
    """
    name = core.name
    texts = {
        f"{name}.v": core_verilog(core),
        f"{name}_tb.v": bench(core),
        f"test_{name}.py": cocotb_bench(core),
        "reference.py": core.reference,
        f"{name}.core": manifest(core),
        "README.md": readme(core),
    }
    if core.blocks:
        texts[core.simulated] = simulated_verilog(core)
    if core.options.registers is not None:
        texts[f"{name}_registers.md"] = register_page(core)
        texts[f"{name}.h"] = header(core)
    return texts


def write_core(name: str, texts: Mapping[str, str], directory: str | Path) -> list[Path]:
    """Write the files of the core of this name into a directory; returns their paths.

    The directory is new, or has none of these files, or is that of an earlier export of this core,
    which its manifest shows. CatgradError otherwise, before anything is written.
    """
    folder = require_directory(name, directory)
    manifest = folder / f"{name}.core"
    again = manifest.is_file() and manifest.read_bytes().startswith(head(name).encode())
    there = [file for file in texts if (folder / file).exists() or (folder / file).is_symlink()]
    if there and not again:
        raise CatgradError(
            f"{folder} has {listed(there)}, which no export of {name} wrote, since {name}.core of "
            f"one is not there; choose another directory, such as {folder / name}."
        )
    for file in there:
        if (folder / file).is_dir():
            raise CatgradError(
                f"{folder / file} is a directory, where {name} is to have a file; choose another "
                f"directory than {folder}."
            )
    make_directory(folder)
    # First what shows whose they are: an export that was interrupted can be repeated.
    for file in sorted(texts, key=lambda file: file != manifest.name):
        publish(folder / file, texts[file])
    return [folder / file for file in texts]


def require_directory(name: str, directory: str | Path) -> Path:
    """The directory to write into, of which something has to be said."""
    if str(directory) == "":
        raise CatgradError(
            f"The directory to write {name} into is the empty text; name one, such as "
            f'build/{name}, or "." for where you are.'
        )
    return Path(directory)


def listed(files: list[str]) -> str:
    """Names in a sentence."""
    *others, last = files
    return f"{', '.join(others)} and {last}" if others else last

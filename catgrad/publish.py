"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from catgrad.errors import CatgradError


def publish(path: str | Path, content: str | bytes) -> Path:
    """Write a file beside its place, then rename it there; returns the path.

    Raises ``CatgradError`` where there can be no such file.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    if not path.parent.is_dir():
        raise CatgradError(
            f"There is no directory {path.parent} to write {path.name} into; make it first."
        )
    if path.is_dir():
        raise CatgradError(f"{path} is a directory; name a file to write.")
    try:
        _replace(path, data)
    except OSError as error:
        raise CatgradError(f"{path}: {error.strerror}; choose another place.") from error
    return path


def _replace(path: Path, data: bytes) -> None:
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def make_directory(path: str | Path) -> Path:
    """Make a directory, and those above it, where there is none; returns its path."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise CatgradError(
            f"{path} is a file, not a directory; name a directory to write into."
        ) from None
    except OSError as error:
        raise CatgradError(f"{path}: {error.strerror}; choose another place.") from error
    return path

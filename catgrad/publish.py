"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from catgrad.errors import CatgradError


def publish(path: str | Path, content: str | bytes) -> Path:
    """Write a file beside its place, then rename it there; returns the path."""
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    if not path.parent.is_dir():
        raise CatgradError(
            f"There is no directory {path.parent} to write {path.name} into; make it first."
        )
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
    return path

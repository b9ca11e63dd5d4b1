"""Where PyTorch is not installed, these tests are not collected; `tests/conftest.py` says so."""

from __future__ import annotations

import importlib.util
from pathlib import Path

MISSING = not all(map(importlib.util.find_spec, ("torch", "array_api_compat")))
"""Whether there is nothing to compare with."""


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return True if MISSING and collection_path.name != "conftest.py" else None

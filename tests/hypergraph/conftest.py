"""The laws hold in every array module: NumPy, and one with nothing beyond the standard."""

from typing import Any

import array_api_strict
import numpy
import pytest


@pytest.fixture(scope="session", params=[numpy, array_api_strict], ids=["numpy", "strict"])
def xp(request: pytest.FixtureRequest) -> Any:
    return request.param

"""Every operation of C written in NumPy computes what it means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.core.types import Dtype, Fixed, op
from catgrad.target.python import to_python_function
from tests.kernel.cases import CASES, NAMES, meaning, operands

WIDEST = 20
"""Bits of the widest formats drawn here: int64 has to carry all results."""


@pytest.mark.parametrize(("build", "dtypes"), CASES, ids=NAMES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_source_computes_what_an_operation_means(build: Any, dtypes: Any, data: Any) -> None:
    def narrow(dtype: Any) -> bool:
        return not isinstance(dtype, Fixed) or dtype.width <= WIDEST

    operation = build(data.draw, data.draw(dtypes.filter(narrow)))
    types = [*operation.source(), *operation.target()]
    if any(T.dtype is Dtype.bool for T in types) or not all(narrow(T.dtype) for T in types):
        return
    arrays = operands(data.draw, operation)
    expected = meaning(operation, arrays)
    found = to_python_function(op(operation), "f")(*arrays)
    for x, y in zip(found, expected, strict=True):
        assert (np.shape(x), x.dtype) == (y.shape, y.dtype)
        assert x.tolist() == y.tolist()

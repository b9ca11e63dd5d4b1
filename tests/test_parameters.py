"""Parameter files: what is written is read, and what does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catgrad.core.types import Dtype, Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.parameters import load_parameters, save_parameters

NAMES = ["weights", "bias", "weights"]
FORM = Fixed(8, 4)
TYPES = [NdArrayType(shape, FORM) for shape in ((2, 3), (3,), (3, 1))]


def arrays(seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.integers(FORM.min, FORM.max + 1, T.shape) for T in TYPES]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000))
def test_round_trip(seed: int, tmp_path: Path) -> None:
    path = save_parameters(tmp_path / "p.npz", NAMES, arrays(seed))
    for found, wanted in zip(load_parameters(path, NAMES, TYPES), arrays(seed), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert [file.name for file in tmp_path.iterdir()] == ["p.npz"]


def refused(path: Path, names=NAMES, types=TYPES) -> str:
    with pytest.raises(CatgradError) as error:
        load_parameters(path, names, types)
    return str(error.value)


def test_errors(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    assert refused(path) == (
        f"There is no parameter file {path}; name one that save_parameters wrote."
    )
    path.write_bytes(b"no zip")
    assert refused(path) == (
        f"{path} is not a parameter file; name one that save_parameters wrote."
    )
    save_parameters(path, NAMES[:2], arrays()[:2])
    assert refused(path) == (
        f"{path} holds the arrays bias, weights, but the model has the parameters bias, "
        f"weights_1, weights_2; load the file of this model."
    )
    w, b, v = arrays()
    save_parameters(path, NAMES, [w.T, b, v])
    assert refused(path) == (
        f"{path}: parameter weights_1 has shape (3, 2), not (2, 3); "
        f"give the parameters of this model."
    )
    save_parameters(path, NAMES, [w, b + 0.5, v])
    assert refused(path) == (
        f"{path}: parameter bias has dtype float64, but SQ(4,4)[3] holds integer mantissas; "
        f"quantise the parameters first."
    )
    save_parameters(path, NAMES, [w, b, np.array([[0], [128], [1]])])
    assert refused(path) == (
        f"{path}: parameter weights_2 goes from 0 to 128, but SQ(4,4) holds mantissas from -128 "
        f"to 127; load parameters of this format."
    )
    floats = [NdArrayType(T.shape, Dtype.float32) for T in TYPES]
    save_parameters(path, NAMES, [w, b * np.inf, v])
    with np.errstate(invalid="ignore"):
        assert refused(path, types=floats) == (
            f"{path}: parameter bias holds numbers that are not finite; load the parameters of a "
            f"run that did not diverge."
        )

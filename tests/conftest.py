"""What every test may use: golden files, and patience on a busy machine."""

import importlib.util
from collections.abc import Callable

import pytest
from hypothesis import settings

settings.register_profile("catgrad", deadline=None)
settings.load_profile("catgrad")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden-update", action="store_true", help="rewrite the golden files with what comes out"
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was left out where PyTorch is missing."""
    folder = config.rootpath / "tests" / "torch"
    asked = [config.invocation_params.dir / argument.split("::")[0] for argument in config.args]
    if importlib.util.find_spec("torch") is None and any(map(folder.is_relative_to, asked)):
        terminalreporter.write_line(
            "tests/torch compares with PyTorch, which is not installed: run `make torch`"
        )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)`: the text is that of the file `golden/name` beside the test."""

    def check(name: str, text: str) -> None:
        path = request.path.parent / "golden" / name
        if request.config.getoption("golden_update"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        assert text == path.read_text()

    return check

"""What the body of a function asks of the module that it stands in."""

from __future__ import annotations

from typing import Protocol

from catgrad.core.functions import Scalar
from catgrad.core.types import NdArrayType
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import Definition
from catgrad.target.python.finite import Finite
from catgrad.target.python.special import PythonOp


class Surroundings(Protocol):
    """What a function finds around it in its module."""

    @property
    def finite(self) -> Finite:
        """What is known of the numbers that its functions are given."""

    def helper(self, name: str) -> str: ...

    def table(self, name: str, entries: tuple[int, ...]) -> str: ...

    def constant(self, name: str, text: str) -> str: ...

    def number(self, T: NdArrayType, role: str, x: Scalar, /) -> str: ...

    def constants(self) -> set[str]: ...

    def is_apart(self, name: str) -> bool: ...

    def is_distinct(self, name: str) -> bool: ...

    def owned(self, name: str, /) -> tuple[bool, ...]: ...

    def written_over(self, name: str, /) -> frozenset[int]: ...

    def note_bytes(self, size: int) -> None: ...

    def definition(self, definition: Definition | Kernel | PythonOp) -> tuple[str, bool]: ...

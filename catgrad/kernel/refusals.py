"""What Python can do with numbers and arrays, and a body that is traced cannot, in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NoReturn


def _refused(attempt: str) -> Callable[..., Any]:
    def refuse(self: Refusing, *_: object) -> NoReturn:
        raise self.refusal(attempt)

    return refuse


class Refusing(ABC):
    """Stands for something in a body, and refuses whatever a class of it does not define."""

    @abstractmethod
    def refusal(self, attempt: str) -> Exception:
        """What to say to an attempt, such as to use an operator."""

    __hash__ = None  # type: ignore[assignment]

    __neg__ = _refused("-")
    __pos__ = _refused("+")
    __invert__ = _refused("~")
    __abs__ = _refused("abs")
    __round__ = _refused("round")
    __add__ = __radd__ = _refused("+")
    __sub__ = __rsub__ = _refused("-")
    __mul__ = __rmul__ = _refused("*")
    __truediv__ = __rtruediv__ = _refused("/")
    __floordiv__ = __rfloordiv__ = _refused("//")
    __mod__ = __rmod__ = _refused("%")
    __pow__ = __rpow__ = _refused("**")
    __matmul__ = __rmatmul__ = _refused("@")
    __and__ = __rand__ = _refused("&")
    __or__ = __ror__ = _refused("|")
    __xor__ = __rxor__ = _refused("^")
    __lshift__ = __rlshift__ = _refused("<<")
    __rshift__ = __rrshift__ = _refused(">>")
    __gt__ = _refused(">")
    __ge__ = _refused(">=")
    __lt__ = _refused("<")
    __le__ = _refused("<=")
    __bool__ = _refused("if")
    __len__ = _refused("len")
    __iter__ = _refused("sum or for")
    __int__ = _refused("int")
    __float__ = _refused("float")
    __index__ = _refused("an index")
    __array__ = _refused("NumPy")
    __array_priority__ = 1000  # so that a number of NumPy leaves an operator to this class

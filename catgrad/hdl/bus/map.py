"""The registers of a learner behind a bus: what is where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from catgrad.errors import CatgradError

WORD_BITS = 32
"""The width of the bus, and of every register."""

WORD_BYTES = WORD_BITS // 8

IDENTITY = 0x63617467
"""What the first register of every learner reads: "catg"."""

REVISION = 1
"""Of this map. A host that knows another one should not go on."""

LIMIT_BITS = 64
"""The widest parameter that the registers can carry."""


@dataclass(frozen=True)
class Field:
    """Some bits of a register: `bits` of them from bit `low` on."""

    name: str
    low: int
    bits: int
    meaning: str


@dataclass(frozen=True)
class Register:
    """One word at a byte address; `access` is "r" or "rw"."""

    name: str
    address: int
    access: Literal["r", "rw"]
    meaning: str
    fields: tuple[Field, ...] = ()


TRAIN = Field("TRAIN", 0, 1, "learn from the samples that begin from now on")
BUSY = Field("BUSY", 0, 1, "a sample is inside; at 0 parameters and counters are final")
LOADING = Field("LOADING", 1, 1, "a parameter that was written waits for the samples inside")

_REGISTERS = (
    ("IDENTITY", "r", f"always {IDENTITY:#010x}, the letters catg", ()),
    ("REVISION", "r", "of this map", ()),
    ("DIGEST", "r", "names this very learner: its program, its formats and its ports", ()),
    ("PARAMETERS", "r", "how many parameters there are", ()),
    ("CONTROL", "rw", "0 after a reset", (TRAIN,)),
    ("STATUS", "r", "what is going on", (BUSY, LOADING)),
    ("SAMPLES", "r", "predictions since the reset, modulo 2**32", ()),
    ("FORWARD_SATURATIONS", "r", "numbers that saturated while predicting, modulo 2**32", ()),
    ("LEARNING_SATURATIONS", "r", "numbers that saturated while learning, modulo 2**32", ()),
    ("X_MISFRAMED", "r", "transfers of x whose tlast was not as it should be, modulo 2**32", ()),
    ("Y_MISFRAMED", "r", "the same of y", ()),
)

CONTROL_BYTES = 64
"""What is set aside for the registers before the parameters."""


def register_address(name: str) -> int:
    """The byte address of a register.

    >>> hex(register_address("CONTROL"))
    '0x10'
    """
    return WORD_BYTES * [register[0] for register in _REGISTERS].index(name)


@dataclass(frozen=True)
class RegisterMap:
    """Where the registers and the parameters of a learner are.

    - `address_bits`: of the addresses that its streams `load` and `fetch` take; None if it has
      no parameters
    - `value_bits`: of a parameter there, signed
    - `learns`: whether there is anything to switch on by CONTROL
    - `framed`: of the streams x and y, those whose `tlast` is looked at

    A parameter takes one word, or two where it is wider than one, the low word first. CatgradError
    where it is wider than two.
    """

    address_bits: int | None
    value_bits: int
    learns: bool
    framed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.address_bits is not None and self.value_bits > LIMIT_BITS:
            raise CatgradError(
                f"A parameter has {self.value_bits} bits, but registers carry {LIMIT_BITS}; give "
                f"the parameters a narrower format, or export without registers."
            )

    @property
    def words(self) -> int:
        """How many words a parameter takes."""
        return 1 if self.value_bits <= WORD_BITS else 2

    @property
    def stride(self) -> int:
        """Bytes from one parameter to the next."""
        return self.words * WORD_BYTES

    @property
    def window_bytes(self) -> int:
        """How many bytes all addresses of parameters take."""
        return 0 if self.address_bits is None else self.stride << self.address_bits

    @property
    def window(self) -> int:
        """The byte address of the parameters, a power of two and not below their size."""
        return max(CONTROL_BYTES, self.window_bytes)

    @property
    def bits(self) -> int:
        """The bits of a byte address."""
        size = self.window + self.window_bytes
        return (size - 1).bit_length()

    @property
    def registers(self) -> tuple[Register, ...]:
        """The registers that this learner has, by address."""
        absent = {name for name in ("X", "Y") if name.lower() not in self.framed}
        return tuple(
            Register(name, register_address(name), "rw" if access == "rw" else "r", meaning, fields)
            for name, access, meaning, fields in _REGISTERS
            if name.removesuffix("_MISFRAMED") not in absent and (name != "CONTROL" or self.learns)
        )

    def address(self, place: int) -> int:
        """The byte address of the parameter at this address of `load` and `fetch`."""
        return self.window + place * self.stride

"""What a file puts in front of its hardware on a board."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from boards.serial import Front
from catgrad.cli.loading import blamed
from catgrad.errors import CatgradError
from catgrad.hardware import Hardware

FRONT = "front"
"""The function of a file that makes what stands in front of hardware on a board."""


def front_of(module: ModuleType, hardware: Hardware) -> Front | None:
    """What the function `front` of a file makes for hardware; None without one, or if it says so.

    CatgradError if it is nothing that can stand there.
    """
    make = getattr(module, FRONT, None)
    if make is None:
        return None
    path = Path(Path(str(module.__file__)).name)
    if not callable(make):
        raise CatgradError(
            f"{path}:{FRONT} is of type {type(make).__name__}, not a function; write "
            f"{FRONT}(hardware), which returns a DelayLine, or give it another name."
        )
    with blamed(path):
        front: Front | None = make(hardware)
    if front is not None and not stands(front):
        raise CatgradError(
            f"{path}:{FRONT} returns {type(front).__name__}, which is no component with streams i "
            f"and o, a history and a model; return a DelayLine, or None where nothing stands in "
            f"front."
        )
    return front


def stands(front: object) -> bool:
    """Whether this has all that a `Front` has.

    >>> from catgrad.hdl.delay_line import DelayLine
    >>> stands(DelayLine(8, 2)), stands(wiring.Component({"i": In(stream.Signature(8))}))
    (True, False)
    """
    if not isinstance(front, wiring.Component):
        return False
    members = front.signature.members
    return (
        "i" in members
        and "o" in members
        and is_stream(members["i"], In)
        and is_stream(members["o"], Out)
        and isinstance(getattr(front, "history", None), int)
        and callable(getattr(front, "model", None))
    )


def is_stream(member: wiring.Member, flow: wiring.Flow) -> bool:
    """Whether a member is a stream in this direction."""
    if not member.is_signature or member.dimensions or member.flow is not flow:
        return False
    outward = member.signature if flow is Out else member.signature.flip()
    return isinstance(outward, stream.Signature)

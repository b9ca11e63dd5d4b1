"""How programs are shown. A later room draws them: it says so here when it is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from catgrad.errors import CatgradError

if TYPE_CHECKING:
    from catgrad.hypergraph.open_hypergraph import OpenHypergraph

Painter = Callable[..., Any]
"""Takes a program and options; returns a picture with a method ``_repr_svg_() -> str``."""

_painters: list[Painter] = []


def show_with(painter: Painter) -> None:
    """Let `painter` draw programs from now on."""
    _painters[:] = [painter]


def picture(f: OpenHypergraph, **options: Any) -> Any:
    """The picture of a program.

    Raises ``CatgradError`` when nothing that draws has been imported.
    """
    if not _painters:
        raise CatgradError(
            "Nothing that draws programs has been imported; import catgrad.draw first."
        )
    return _painters[0](f, **options)


def svg(f: OpenHypergraph) -> str | None:
    """The picture of a program as SVG, or None where there is none: then its text is shown."""
    try:
        text: str = picture(f)._repr_svg_()
    except CatgradError:
        return None
    return text

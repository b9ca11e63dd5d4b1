"""Plots of the signal processing examples, as SVG in build/dsp."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from catgrad.publish import make_directory, publish

FOLDER = Path("build/dsp")


def save(name: str, *panels: Callable[[Axes], None], height: float = 3.0) -> Path:
    """One panel below the other, each drawn by a function, as build/dsp/`name`.svg."""
    figure = Figure(figsize=(8, height * len(panels)), layout="constrained")
    every = figure.subplots(len(panels), squeeze=False)[:, 0]
    for axes, draw in zip(every, panels, strict=True):
        draw(axes)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
    text = StringIO()
    # The same text for the same data: no date, and names from a fixed salt.
    with rc_context({"svg.hashsalt": "catgrad"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    make_directory(FOLDER)
    return publish(FOLDER / f"{name}.svg", text.getvalue())

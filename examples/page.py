"""The demo's page: curves, string diagrams, what was built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from boards.report import BuildReport
from boards.watching.state import Curve
from catgrad.publish import publish

COLOURS = ("#1b6ca8", "#e08e0b", "#2a9d57")
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem; color: #1d2733; background: #fff }
h1, h2 { font-weight: 600; line-height: 1.2 } h2 { margin-top: 3rem }
figure { margin: 1rem 0; overflow-x: auto } figcaption { color: #5b6b7b }
pre { background: #f5f7f9; padding: 1rem; overflow-x: auto; font-size: 13px }
table { border-collapse: collapse } td, th { padding: .25rem .9rem .25rem 0; text-align: left }
"""


def curve(runs: Mapping[str, tuple[Sequence[int], Sequence[float]]]) -> str:
    """Test accuracy over training steps, one line for each run, as SVG."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    styles: tuple[dict[str, Any], ...] = (
        {"lw": 2},
        {"lw": 5, "alpha": 0.35},
        {"lw": 0, "marker": "o", "ms": 4},
    )
    for (name, (steps, accuracy)), colour, style in zip(runs.items(), COLOURS, styles, strict=True):
        axes.plot(steps, [100 * a for a in accuracy], color=colour, label=name, **style)
    axes.set(xlabel="flowers learned from", ylabel="test accuracy, %", ylim=(0, 102))
    return _svg(figure)


def lms_curve(errors: Mapping[str, np.ndarray], window: int = 50) -> str:
    """The mean square error of a filter in dB, over a sliding window, as SVG."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for (name, error), colour, width in zip(errors.items(), COLOURS, (5, 1.5), strict=False):
        power = np.convolve(error**2, np.ones(window) / window, "valid")
        axes.plot(10 * np.log10(power), color=colour, lw=width, label=name)
    axes.set(xlabel="samples", ylabel=f"mean square error over {window} samples, dB")
    return _svg(figure)


def loss_curve(learned: Sequence[float], tested: tuple[Sequence[int], Sequence[float]]) -> str:
    """The loss of each training step, and that on other data after some of them, as SVG."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(range(1, len(learned) + 1), learned, color=COLOURS[0], lw=0.8, label="training")
    axes.plot(*tested, color=COLOURS[1], lw=2, marker="o", ms=4, label="test")
    axes.set(xlabel="steps", ylabel="cross-entropy of the next character, nats")
    return _svg(figure)


def accuracy_curve(learned: Curve, tested: Curve, lately: int) -> str:
    """How many answers of a board were right while it learned, as SVG."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for name, line, colour, mark in (
        (f"training, mean of {lately} images", learned, COLOURS[0], ""),
        ("test", tested, COLOURS[1], "o"),
    ):
        percent = [100 * share for share in line.accuracy]
        axes.plot(line.learned, percent, color=colour, label=name, lw=2, marker=mark)
    axes.set(xlabel="images learned from", ylabel="right answers, %", ylim=(0, 102), xlim=(0, None))
    return _svg(figure)


def confusion_matrix(counts: Sequence[Sequence[int]]) -> str:
    """How often each target (row) was answered with each class (column), as SVG."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    table = np.array(counts)
    shares = table / np.maximum(1, table.sum(axis=1, keepdims=True))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(table):
        if count:
            colour = "white" if shares[i, j] > 0.5 else "black"
            axes.text(j, i, str(count), ha="center", va="center", color=colour, fontsize=9)
    classes = range(len(table))
    axes.set(xticks=classes, yticks=classes, xlabel="answer", ylabel="target")
    return _text(figure)


def weight_images(picture: Mapping[str, Any], across: int = 8) -> str:
    """The weights of each unit as an image, as SVG."""
    tiles = picture["tiles"]
    figure = Figure(figsize=(8, 8 * -(-len(tiles) // across) / across), layout="constrained")
    limit = max(abs(value) for tile in tiles for value in tile)
    grid = figure.subplots(-(-len(tiles) // across), across, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, tile in zip(grid, tiles, strict=False):
        image = np.reshape(tile, (picture["rows"], picture["columns"]))
        axes.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
    return _text(figure)


def _svg(figure: Figure) -> str:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    return _text(figure)


def _text(figure: Figure) -> str:
    text = StringIO()
    with rc_context({"svg.hashsalt": "catgrad"}):  # the same data give the same text
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def write_page(
    directory: Path,
    images: Mapping[str, str],
    facts: Mapping[str, str],
    reports: Sequence[BuildReport],
    source: str,
) -> Path:
    """Write each picture as a file of its own, and the page that shows them all."""
    for name, svg in images.items():
        publish(directory / f"{name}.svg", svg)
    captions = {
        "training": "Iris 4-4-3, learned flower by flower. The integer program and the hardware "
        "agree in every bit, so their marks lie on one line.",
        "model": "The model, as the compiler sees it: predict.",
        "step": "The same model, differentiated: one training step.",
        "filter": "An adaptive filter finds an unknown channel.",
        "digits": "A simulated board learns handwritten digits over its serial line, every answer "
        "given before the image was learned from.",
        "confusion": "What the board then says of images that it has never seen.",
        "weights": "What each of its hidden units looks for: weights above zero are red.",
    }
    figures = "".join(
        f"<figure><figcaption>{escape(text)} <a href={name}.svg>{name}.svg</a></figcaption>"
        f"{images[name]}</figure>"
        for name, text in captions.items()
    )
    rows = "".join(f"<tr><th>{escape(k)}<td>{escape(v)}" for k, v in facts.items())
    built = "".join(f"<pre>{escape(str(report))}</pre>" for report in reports)
    page = (
        f"<!doctype html><meta charset=utf-8><title>catgrad</title><style>{STYLE}</style>"
        f"<h1>A model that trains itself in hardware</h1><p>The model and its learning rule were "
        f"compiled to one training step: as NumPy, as integer NumPy, and as a circuit.</p>"
        f"<table>{rows}</table>{figures}"
        f"<h2>Bitstreams</h2><p>Built and timed for these boards; not yet run on one. The Verilog "
        f"is in <a href=verilog>verilog</a>.</p>{built}"
        f"<h2>The integer program</h2><pre>{escape(source)}</pre>"
    )
    return publish(directory / "index.html", page)

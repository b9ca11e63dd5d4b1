"""Random netlists, and integers to feed them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist

WIDEST = 24
"""Wider results are wrapped or saturated, so that widths do not grow with depth."""


def random_format(rng: np.random.Generator, widest: int = 12) -> Format:
    return Format(int(rng.integers(1, widest + 1)), bool(rng.integers(2)))


def random_cell(rng: np.random.Generator, b: NetlistBuilder, nets: list[int]) -> int:
    """Add one cell of a random kind that reads recent nets more often than old ones."""

    def net() -> int:
        return nets[-1 - int(min(rng.geometric(0.1) - 1, len(nets) - 1))]

    kind = Kind(rng.integers(Kind.CONST, len(Kind)))
    match kind:
        case Kind.CONST:
            cell = b.const(int(rng.integers(-300, 300)))
        case Kind.ADD | Kind.SUB | Kind.MUL | Kind.GT:
            cell = getattr(b, str(kind))(net(), net())
        case Kind.SHL:
            cell = b.shl(net(), int(rng.integers(0, 6)))
        case Kind.SHR:
            cell = b.shr(net(), int(rng.integers(0, 14)))
        case Kind.MUX:
            cell = b.mux(b.gt(net(), net()), net(), net())
        case Kind.SATURATE | Kind.WRAP | Kind.FITS:
            cell = getattr(b, str(kind))(net(), random_format(rng))
        case Kind.LOOKUP:
            entries = rng.integers(-100, 100, size=1 << int(rng.integers(0, 6)))
            cell = b.lookup(net(), (entries * rng.integers(2)).tolist())
    if b.build().width[cell] > WIDEST:
        cell = getattr(b, rng.choice(["saturate", "wrap"]))(cell, random_format(rng, WIDEST))
    return int(cell)


def random_netlist(seed: int, cells: int = 30, learns: bool = True) -> Netlist:
    """A netlist with the ports of a transducer, of mixed formats.

    Half of the cells compute the prediction, the others what follows from the target.
    """
    rng = np.random.default_rng(seed)
    b = NetlistBuilder()

    def inputs(name: str) -> list[int]:
        formats = [random_format(rng) for _ in range(rng.integers(1, 4))]
        if rng.integers(2):
            formats = [formats[0]] * len(formats)
        return b.input(name, formats).tolist()

    parameters = inputs("parameters")
    nets = parameters + inputs("x")
    rng.shuffle(nets)
    for _ in range(cells // 2):
        nets.append(random_cell(rng, b, nets))
    late = nets[-len(nets) // 2 :]
    b.output("prediction", rng.choice(late, size=rng.integers(1, 4)).tolist())
    b.output("forward_saturations", [b.fits(int(rng.choice(late)), Format(4, True))])
    if learns:
        nets += inputs("y")
        for _ in range(cells // 2):
            nets.append(random_cell(rng, b, nets))
        late = nets[-len(nets) // 2 :]
        formats = [b.build().format(net) for net in parameters]
        b.output(
            "parameters",
            [
                getattr(b, rng.choice(["saturate", "wrap"]))(int(rng.choice(late)), format)
                for format in formats
            ],
            formats,
        )
        b.output("learning_saturations", [b.saturate(int(rng.choice(late)), Format(3, False))])
    return b.build()


def netlists(cells: int = 30, learns: bool = True) -> st.SearchStrategy[Netlist]:
    """Netlists of so many cells; fewer for a failure to shrink to."""
    return st.builds(random_netlist, st.integers(0, 2**32), st.integers(1, cells), st.just(learns))


def random_values(
    rng: np.random.Generator, formats: Sequence[Format], batch: int
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """int64[batch, n], limits of the formats among them."""
    columns = [rng.integers(f.min, f.max, size=batch, endpoint=True) for f in formats]
    for column, format in zip(columns, formats, strict=True):
        column[rng.random(batch) < 0.1] = format.min
        column[rng.random(batch) < 0.1] = format.max
    return np.stack(columns, axis=1)

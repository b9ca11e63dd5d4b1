"""The order of a learning rule: what takes the step stands first, what prepares gradients behind.

A rule is handed gradients at its right end, and gives parameters at its left end. `SGD` makes a
parameter of a gradient, and every other rule of this package makes a gradient of one. What a rule
of one's own does is not known, so it may stand anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from catgrad.bidirectional.block import expand
from catgrad.bidirectional.learning import SGD, Rule
from catgrad.core.operation import Scalar
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.layers.steps import Adam, Clip, ClipNorm, Corrections, Decay


def require_one_step(f: OpenHypergraph, names: Sequence[str]) -> None:
    """Refuse a rule ``f : P → P`` that does not take one step, its last, with each parameter.

    `names` are those of the parameters. The identity is no such rule, but makes a step that gives
    gradients.
    """
    f = expand(f)
    if f.H.X == 0:
        return
    before = dict[int, tuple[object, int | None]]()
    reads, starts = f.H.s.values.table.tolist(), f.H.s.offsets.tolist()
    for x, start, results in zip(f.H.x, starts, _segments(f), strict=False):
        for place, node in enumerate(results):
            before[node] = x, reads[start + place] if isinstance(x, Rule | ClipNorm) else None
    taken = set[tuple[int, ...]]()  # by identity, since labels are shared
    for name, node in zip(names, f.t.table.tolist(), strict=False):
        passed = _along(before, node)
        if (rules := tuple(map(id, passed))) not in taken:
            _require_one_step(name, passed)
            taken.add(rules)


def _segments(f: OpenHypergraph) -> list[list[int]]:
    """The wires that each operation writes."""
    writes, ends = f.H.t.values.table.tolist(), f.H.t.offsets.tolist()
    return [writes[start:end] for start, end in pairwise(ends)]


def rates(f: OpenHypergraph) -> dict[int, Scalar]:
    """The rates with which a rule ``f : P ● S → P`` descends, by the numbers of parameters.

    Those that a step is given are not among them.
    """
    reads = [f.H.s[i].table.tolist() for i in range(f.H.X)]
    writer = dict(zip(f.H.t.values.table.tolist(), f.H.t.owners.tolist(), strict=True))
    averaged = {reads[i][0]: reads[i][3] for i, x in enumerate(f.H.x) if isinstance(x, Adam)}
    found: dict[int, Scalar] = {}
    for i, x in enumerate(f.H.x):
        if isinstance(x, SGD) and reads[i][0] in (sources := f.s.table.tolist()):
            scale = averaged.get(f.H.t[i].table.tolist()[0])
            source = f.H.x[writer[scale]] if scale in writer else x
            rate = source.rate if isinstance(source, Corrections) else x.rate
            if rate is not None:
                found[sources.index(reads[i][0])] = rate
    return found


def is_built_in(operation: object) -> bool:
    """Whether an operation is one of this package."""
    return type(operation).__module__.split(".")[0] == "catgrad"


def _along(before: Mapping[int, tuple[object, int | None]], end: int) -> list[object]:
    """What a parameter passes on its way to a wire, as far back as it can be followed."""
    passed, node = list[object](), end if end in before else None
    while node is not None:
        x, node = before[node]
        passed.append(x)
        node = node if node in before else None
    return passed[::-1]


def _require_one_step(name: str, rules: Sequence[object]) -> None:
    left: list[object] = []  # what is known to stand to the left of a rule
    for x in rules:
        if not isinstance(x, Rule | ClipNorm) or not is_built_in(x):
            left = []
            continue
        if isinstance(x, SGD) and any(isinstance(y, SGD) for y in left):
            raise CatgradError(
                f"The learning rule takes two steps with {name}, and takes the result of one for "
                f"the gradient of the other; chain one rule that takes steps with others that "
                f"prepare gradients, as in layers.chain(layers.adam(0.001), layers.clip(1))."
            )
        if isinstance(x, SGD) and left:
            raise CatgradError(
                f"The learning rule has {_written(left[0])} in front of the rule that takes the "
                f"step, so that it changes {name} and not the gradient; put the step first, as in "
                f"layers.chain(layers.adam(0.001), {_example(left)})."
            )
        left.append(x)
    if len(left) == len(rules) and not any(isinstance(x, SGD) for x in left):
        raise CatgradError(
            f"The learning rule takes no step with {name}, whose gradient would take its place; "
            f"put a rule that takes the step first, as in "
            f"layers.chain(layers.adam(0.001), {_example(left)})."
        )


def _written(rule: object) -> str:
    """What a user writes for a rule that prepares gradients, or its name."""
    match rule:
        case Clip(limit=limit):
            return f"layers.clip({limit})"
        case ClipNorm(limit=limit):
            return f"layers.clip_norm({limit})"
        case Decay(rate=c):
            return f"layers.weight_decay({c})"
    return type(rule).__name__


def _example(rules: Sequence[object]) -> str:
    """One of these rules, or another that may stand behind a step."""
    written = (_written(x) for x in rules if isinstance(x, Clip | ClipNorm | Decay))
    return next(written, "layers.clip(1)")

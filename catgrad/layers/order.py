"""The order of a learning rule: what takes the step stands first, what prepares gradients behind.

A rule is handed gradients at its right end, and gives parameters at its left end. `SGD` makes a
parameter of a gradient, and every other rule of this package makes a gradient of one. What a rule
of one's own does is not known, so it may stand anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from catgrad.bidirectional.block import expand
from catgrad.bidirectional.learning import SGD, Rule
from catgrad.bidirectional.operation import Concatenate, Copy, Reshape
from catgrad.core.operation import Scalar
from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, OpenHypergraph, SegmentedArray
from catgrad.layers.split import Split
from catgrad.layers.steps import Adam, Clip, ClipNorm, Corrections, Decay, Scaled


def require_one_step(f: OpenHypergraph, names: Sequence[str]) -> None:
    """Refuse a rule ``f : P → P`` that does not take one step, its last, with each parameter.

    `names` are those of the parameters. The identity is no such rule, but makes a step that gives
    gradients.
    """
    f = expand(f)
    if f.H.X == 0 or _is_one_step_each(f):
        return
    before = _before(f)
    taken = set[tuple[int, ...]]()  # by identity, since labels are shared
    for name, node in zip(names, f.t.table.tolist(), strict=False):
        passed = [x for _, x in _along(before, node)]
        if (rules := tuple(map(id, passed))) not in taken:
            _require_one_step(name, passed)
            taken.add(rules)


def _is_one_step_each(f: OpenHypergraph) -> bool:
    """Whether one operation takes a step with each parameter, and there is no other."""
    steps = all(isinstance(x, SGD) and is_built_in(x) for x in f.H.x.distinct()[0])
    ends = (f.s, f.H.s.values), (f.t, f.H.t.values)
    return steps and all({*wires} == {*read} and len(wires) == len(read) for wires, read in ends)


class _Writer(NamedTuple):
    """What writes a wire: the result `place` of an operation that reads the wires `reads`."""

    operation: object
    place: int
    reads: Sequence[int]

    def along(self, parts: list[tuple[Concatenate, int]]) -> int | None:
        """The wire that a parameter comes from, if it is known; `parts` are the arrays that it is
        joined in, outermost first, and its places in them."""
        match self.operation:
            case Rule() | ClipNorm():
                return self.reads[self.place]
            case Split(joined=joined):
                parts.append((joined, self.place))
                return self.reads[0]
            case Concatenate() if parts and parts[-1][0] == self.operation:
                return self.reads[parts.pop()[1]]
            case Reshape() if not parts:
                return self.reads[0]
        return None


def _before(f: OpenHypergraph) -> dict[int, _Writer]:
    """What writes each wire."""
    reads, writes = _segments(f.H.s), _segments(f.H.t)
    return {
        node: _Writer(x, place, operands)
        for x, operands, results in zip(f.H.x, reads, writes, strict=True)
        for place, node in enumerate(results)
    }


def _segments(wires: SegmentedArray[FiniteFunction]) -> list[list[int]]:
    """The wires of each operation."""
    values, ends = wires.values.table.tolist(), wires.offsets.tolist()
    return [values[start:end] for start, end in pairwise(ends)]


def rates(f: OpenHypergraph) -> dict[int, Scalar]:
    """The rates with which a rule ``f : P ● S → P`` descends, by the numbers of parameters.

    Those that a step is given are not among them.
    """
    before = _before(f)
    averaged = {w.reads[0]: w.reads[3] for w in before.values() if isinstance(w.operation, Adam)}
    found: dict[int, Scalar] = {}
    for k, end in enumerate(f.t.table.tolist()):
        passed = _along(before, end)
        if any(isinstance(operation, Scaled) for _, operation in passed):
            continue
        for node, operation in passed:
            if isinstance(operation, SGD):
                rate = _correction(before, averaged[node]) if node in averaged else operation.rate
                if rate is not None:
                    found[k] = rate
    return found


def _correction(before: Mapping[int, _Writer], scale: int) -> Scalar | None:
    """The rate that is a part of a scale, which several parameters may share."""
    writer = before[scale]
    while isinstance(writer.operation, Copy):
        writer = before[writer.reads[0]]
    return writer.operation.rate if isinstance(writer.operation, Corrections) else None


def is_built_in(operation: object) -> bool:
    """Whether an operation is one of this package."""
    return type(operation).__module__.split(".")[0] == "catgrad"


def _along(before: Mapping[int, _Writer], end: int) -> list[tuple[int, object]]:
    """What a parameter passes on its way to a wire, as far back as it can be followed, each with
    the wire that it writes; not what only moves it."""
    passed, parts = list[tuple[int, object]](), list[tuple[Concatenate, int]]()
    node: int | None = end
    while node is not None and node in before:
        writer = before[node]
        origin = writer.along(parts)
        if origin is None or not isinstance(writer.operation, Split | Concatenate | Reshape):
            passed.append((node, writer.operation))
        node = origin
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

"""How arrays lie in the lanes, and how the lanes share the work of each phase: the cheapest way.

A weight matrix that lies in rows along its inputs serves the forward pass with the tree, and the
reverse pass and the update with a number broadcast to all lanes. So one layout an array is enough
where each phase chooses its mode, and no two lanes ever ask one bank.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, product

import numpy as np

from catgrad.folded.bind.loops import Nest, cuts, merged, nest
from catgrad.folded.bind.plan import Plan, address, padded
from catgrad.folded.machine import Layout, Mode
from catgrad.folded.phase import Phase, Phases

Layouts = tuple[Layout, ...]
"""One for each array."""

_SCALAR = Layout(1)
_VARIANTS = 32
_FAR = 3
_PAIRS = 40
_WEIGHT = 1 << 16
"""A cycle is worth so many rows of memory."""

_BANKED = 0.02
"""Banks that save less than this part of all cycles, all together, are not worth having."""

_SPARED = 0.05
"""A body for each lane has to save this part of all cycles."""


Demands = tuple[tuple[int, Layout], ...]
"""The layouts that a plan needs of some arrays."""

Candidate = tuple[Demands, Plan]
_Allowed = Callable[[int, Mode], bool]


Choice = tuple[Layouts, tuple[Plan, ...]]
"""The layout of each array, and a plan for each phase."""


def choose(phases: Phases, lanes: int, kinds: Sequence[int]) -> tuple[Choice, ...]:
    """The layout of each array and a plan for each phase, for the fewest cycles.

    `kinds`: which phases share a body. Where that seems to save enough, there is a second choice,
    in which phases without factors use all lanes.
    """
    search = _Search(phases, lanes)

    def multiplying(phase: int, mode: Mode) -> bool:
        return bool(phases.phases[phase].factors) or mode is not Mode.PARALLEL

    first = _choice(search, multiplying, kinds)
    if all(phase.factors for phase in phases.phases):
        return (first,)
    second = _choice(search, _any, kinds)
    before, after = (sum(plan.cycles for plan in plans) for _, plans in (first, second))
    return (first, second) if spares(before, after) else (first,)


def spares(before: int, after: int) -> bool:
    """Whether bodies for each lane are worth having, by the cycles without them and with them."""
    return before > (1 + _SPARED) * after


def _choice(search: _Search, allowed: _Allowed, kinds: Sequence[int]) -> Choice:
    """The best that is allowed, with bodies for each lane only where they are worth having."""
    layouts, _ = search.best(allowed)
    cycles = search.cycles(layouts, allowed)
    for kind in sorted(set(kinds)):
        before = allowed

        def without(phase: int, mode: Mode, kind: int = kind, before: _Allowed = before) -> bool:
            return before(phase, mode) and not (kinds[phase] == kind and mode is Mode.PARALLEL)

        plans = search.plans(layouts, before)
        if any(p.mode is Mode.PARALLEL and kinds[p.phase] == kind for p in plans):
            other, _ = search.best(without)
            if not spares(search.cycles(other, without), cycles):
                layouts, allowed = other, without
    return layouts, search.plans(layouts, allowed)


def _any(_phase: int, _mode: Mode) -> bool:
    return True


class _Search:
    """Layouts by steepest descent: what one phase demands, or two together, is tried on all."""

    def __init__(self, phases: Phases, lanes: int) -> None:
        self.phases = phases
        self.candidates = [_by_demands(list(part)) for part in _candidates(phases, lanes)]
        self.touched = [
            tuple(sorted({place.array for place in phase.places})) for phase in phases.phases
        ]
        self.first = 0.0
        self._known: dict[tuple[int, Layouts], list[tuple[int, Plan]]] = {}

    def best(self, allowed: _Allowed) -> tuple[Layouts, _Allowed]:
        layouts: Layouts = (_SCALAR,) * len(self.phases.arrays)
        cost = self.cost(layouts, allowed)
        moves = list(
            dict.fromkeys(
                demands
                for index, part in enumerate(self.candidates)
                for demands, plans in part.items()
                if demands and any(allowed(index, plan.mode) for plan in plans)
            )
        )
        while True:
            found = self._nearest(layouts, cost, moves, allowed)
            if found[0] >= cost and len(moves) <= _PAIRS:
                pairs = (tuple({**dict(a), **dict(b)}.items()) for a in moves for b in moves)
                found = self._nearest(layouts, cost, list(dict.fromkeys(pairs)), allowed)
            if found[0] >= cost:
                break
            cost, layouts = found
        self.first = self.first or cost
        return self._relaxed(layouts, cost, allowed), allowed

    def _nearest(
        self, layouts: Layouts, cost: float, moves: Sequence[Demands], allowed: _Allowed
    ) -> tuple[float, Layouts]:
        """The cheapest layouts that one of the moves leads to from these, which cost so much."""
        tried = [(cost + self._change(layouts, move, allowed), move) for move in moves]
        found, move = min(tried, key=lambda pair: pair[0], default=(cost, ()))
        return found, _applied(layouts, move)

    def _change(self, layouts: Layouts, move: Demands, allowed: _Allowed) -> float:
        """What a move costs more: only phases that touch its arrays can tell."""
        new = _applied(layouts, move)
        arrays = {array for array, _ in move if new[array] != layouts[array]}
        return sum(self._rows(array, new) - self._rows(array, layouts) for array in arrays) + sum(
            self._least(i, new, allowed) - self._least(i, layouts, allowed)
            for i, touched in enumerate(self.touched)
            if not arrays.isdisjoint(touched)
        )

    def _relaxed(self, layouts: Layouts, cost: float, allowed: _Allowed) -> Layouts:
        """Without the banks of arrays that save too little by them."""
        for array in sorted(range(len(layouts)), key=lambda i: self.phases.arrays[i].size):
            other = (*layouts[:array], _SCALAR, *layouts[array + 1 :])
            if self.cost(other, allowed) <= cost + _BANKED * self.first:
                layouts = other
        return layouts

    def cost(self, layouts: Layouts, allowed: _Allowed) -> float:
        rows = sum(self._rows(array, layouts) for array in range(len(layouts)))
        return rows + sum(self._least(i, layouts, allowed) for i in range(len(self.phases.phases)))

    def _rows(self, array: int, layouts: Layouts) -> int:
        layout = layouts[array]
        return layout.rows(self.phases.arrays[array].size) if layout.lanes > 1 else 0

    def _least(self, index: int, layouts: Layouts, allowed: _Allowed) -> float:
        return min((c for c, _ in self.ways(index, layouts, allowed)), default=np.inf)

    def cycles(self, layouts: Layouts, allowed: _Allowed) -> int:
        return sum(plan.cycles for plan in self.plans(layouts, allowed))

    def plans(self, layouts: Layouts, allowed: _Allowed) -> tuple[Plan, ...]:
        ways = (self.ways(index, layouts, allowed) for index in range(len(self.phases.phases)))
        return tuple(min(each, key=lambda pair: pair[0])[1] for each in ways)

    def ways(self, index: int, layouts: Layouts, allowed: _Allowed) -> list[tuple[int, Plan]]:
        """The plans of a phase that these layouts allow, each with its cost."""
        own = tuple(layouts[array] for array in self.touched[index])
        if (index, own) not in self._known:
            self._known[index, own] = list(self._realised(index, layouts))
        return [pair for pair in self._known[index, own] if allowed(index, pair[1].mode)]

    def _realised(self, index: int, layouts: Layouts) -> Iterator[tuple[int, Plan]]:
        for demands, plans in self.candidates[index].items():
            known = set()
            if all(layouts[array] == layout for array, layout in demands):
                for plan in plans:
                    kind = plan.mode, plan.cycles
                    real = kind not in known and realise(plan, self.phases, layouts)
                    if real:
                        known.add(kind)
                        yield _WEIGHT * real.cycles + _preference(real), real


def _preference(plan: Plan) -> int:
    """Of modes that take as long: those that need little, and give their last result soon."""
    if plan.mode is Mode.PARALLEL:
        return 2
    return _WEIGHT * plan.lanes // 2 if plan.mode is Mode.DRAIN and plan.lane is not None else 0


def _by_demands(candidates: Sequence[Candidate]) -> dict[Demands, list[Plan]]:
    """Plans by what they need, without those that are far from the best."""
    best = min(plan.cycles for _, plan in candidates)
    result: dict[Demands, list[Plan]] = {}
    for demands, plan in candidates:
        if not demands or plan.cycles <= _FAR * best:
            result.setdefault(demands, []).append(plan)
    return result


def _applied(layouts: Layouts, demands: Demands) -> Layouts:
    new = list(layouts)
    for array, layout in demands:
        new[array] = layout
    return tuple(new)


def _candidates(phases: Phases, lanes: int) -> Iterator[Iterator[Candidate]]:
    """For each phase, the ways to run it."""
    pool: dict[int, dict[Layout, None]] = defaultdict(dict)
    variants = [list(dict.fromkeys((nest(p), merged(nest(p))))) for p in phases.phases]
    for _ in range(2):
        for phase, nests in zip(phases.phases, variants, strict=True):
            _collect(pool, phases, phase, nests, lanes)
        for phase, nests in zip(phases.phases, variants, strict=True):
            new = (
                cut
                for old in list(nests)
                for index, place in enumerate(phase.places)
                for layout in pool[place.array]
                for cut in cuts(old, index, layout.stride, layout.extent)
            )
            nests[:] = list(dict.fromkeys([*nests, *new]))[:_VARIANTS]
    for index, nests in enumerate(variants):
        few = sorted(nests, key=lambda n: len(n.loops))
        yield chain.from_iterable(_ways(phases, index, n, pool, lanes) for n in few)


def _collect(
    pool: dict[int, dict[Layout, None]],
    phases: Phases,
    phase: Phase,
    nests: Iterable[Nest],
    lanes: int,
) -> None:
    """The layouts along the loops of a phase, for each of its arrays."""
    for loop in chain.from_iterable(n.loops for n in nests):
        for place, stride in zip(phase.places, loop.strides, strict=True):
            size = phases.arrays[place.array].size
            if stride > 0 and size % (stride * loop.extent) == 0:
                pool[place.array][Layout(lanes, stride, loop.extent)] = None


def _ways(
    phases: Phases, index: int, nest: Nest, pool: Mapping[int, Iterable[Layout]], lanes: int
) -> Iterator[Candidate]:
    phase = phases.phases[index]
    extreme = phase.reduction in ("max", "min")
    alone = Mode.DRAIN if phase.factors and not extreme else Mode.SERIAL
    yield (), Plan(index, alone, nest, None, lanes)
    if lanes == 1 or extreme:
        return
    kept = (Mode.DRAIN, Mode.PARALLEL) if phase.factors else (Mode.PARALLEL,)
    for lane in range(len(nest.loops)):
        for mode in kept if lane < len(nest.kept) else (Mode.TREE,):
            plan = _drained(Plan(index, mode, nest, lane, lanes))
            yield from _demanding(phase, plan, pool)


def _drained(plan: Plan) -> Plan:
    """With time to move the totals of all lanes out before the next ones come."""
    chained = plan.mode is Mode.DRAIN and plan.lane is not None and plan.results > 1
    return replace(plan, gap=max(0, plan.lanes - plan.terms) if chained else 0)


def _demanding(
    phase: Phase, plan: Plan, pool: Mapping[int, Iterable[Layout]]
) -> Iterator[Candidate]:
    """The plan with each choice of layouts that its vector accesses allow."""
    assert plan.lane is not None
    loop = plan.nest.loops[plan.lane]
    everything = list(enumerate(phase.places))
    factors = len(phase.factors)
    vectors = [
        (i, place)
        for i, place in (everything if plan.mode is Mode.PARALLEL else everything[:factors])
        if loop.strides[i]
    ]
    if factors and not any(i < factors for i, _ in vectors):
        return
    choices = [
        [
            (place.array, layout)
            for layout in pool[place.array]
            if layout.stride == loop.strides[i]
            and address(plan, i, place, i >= factors, layout) is not None
        ]
        for i, place in vectors
    ]
    for choice in product(*choices):
        demands = dict(choice)
        if any(demands[array] != layout for array, layout in choice):
            continue
        if plan.mode is not Mode.TREE or any(
            padded(plan, i, place, demands[place.array]) for i, place in vectors
        ):
            yield tuple(sorted(demands.items(), key=lambda item: item[0])), plan


def realise(plan: Plan, phases: Phases, layouts: Layouts) -> Plan | None:
    """The plan with all addresses affine; None if there is no way.

    Where numbers of a row are taken one by one, loops are split at the ends of rows.
    """
    phase = phases.phases[plan.phase]
    factors = len(phase.factors)
    for index, place in enumerate(phase.places):
        layout = layouts[place.array]
        if address(plan, index, place, index >= factors, layout) is not None:
            continue
        for split in _split(plan, index):
            if address(split, index, place, index >= factors, layout) is not None:
                return realise(split, phases, layouts)
        return None
    return plan


def _split(plan: Plan, place: int) -> Iterator[Plan]:
    """The plan with one of the loops that move a place split into rows of lanes."""
    for index, loop in enumerate(plan.nest.loops):
        whole, rest = divmod(loop.extent, plan.lanes)
        if index != plan.lane and loop.strides[place] and whole > 1 and not rest:
            lane = plan.lane if plan.lane is None or plan.lane < index else plan.lane + 1
            yield replace(plan, nest=plan.nest.split(index, plan.lanes), lane=lane)

"""Groups of atoms, in order, as phases over arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from catgrad.circuit.format import IntArray
from catgrad.core.types import obj
from catgrad.folded.fuse.arrays import Arrays, Copy, Draft, draft
from catgrad.folded.fuse.atoms import Contraction, scalar
from catgrad.folded.fuse.body import Body
from catgrad.folded.fuse.groups import Group, Grouping, Target
from catgrad.folded.fuse.positions import Loops, loops
from catgrad.folded.phase import Event, Phase, Phases, Place, Store
from catgrad.hypergraph import OpenHypergraph


def build(grouping: Grouping, order: Sequence[Group], names: Mapping[Target, str]) -> Phases:
    """The phases of groups in this order."""
    drafts = [draft(grouping, group) for group in order]
    arrays = Arrays(grouping, names)
    arrays.declare_all(drafts)
    phases = []
    for each in drafts:
        for copy in each.reads:
            if copy not in arrays.index:
                users = [other.group for other in drafts if copy in other.reads]
                learning = not any(map(grouping.is_forward, users))
                phases.append(copying(arrays, copy, learning))
        phases.append(phase(grouping, arrays, each))
    return Phases(tuple(arrays.arrays), tuple(phases))


def copying(arrays: Arrays, copy: Copy, learning: bool) -> Phase:
    """A phase that copies a whole array, for one that reads it at several places."""
    name, _ = copy
    source = arrays[name, 0]
    arrays.temporary(copy, source)
    read, write = (Place(arrays.index[each], 0, (1,)) for each in ((name, 0), copy))
    body = OpenHypergraph.identity(obj(scalar(source.format)))
    stores = (Store(0, write, learning),)
    return Phase(
        f"copy of {source.name}", (source.size,), (), (), None, None, (read,), body, stores
    )


def phase(grouping: Grouping, arrays: Arrays, each: Draft) -> Phase:
    """A group as a phase."""
    group, values = each.group, grouping.plan.atoms.values
    stored = list(stores(grouping, arrays, group))
    positions = [
        *(positions[:, 0] for _, positions in each.factors),
        *(positions for _, positions in each.operands),
        *(positions for _, _, positions, _ in stored),
    ]
    kept = loops(positions, group.points)
    assert kept is not None
    copies = [*each.reads, *(copy for _, copy, _, _ in stored)]
    places = [
        Place(arrays.index[copy], int(at[0]), strides)
        for copy, at, strides in zip(copies, positions, kept.strides, strict=True)
    ]
    f, o = len(each.factors), len(each.reads)
    inner = reduced(each)
    outputs = list(dict.fromkeys(value for value, *_ in stored))
    body = Body(values, arrays, each)
    results, events = [body.wires[value] for value in outputs], []
    for learning, leaves in ((False, grouping.plan.early), (True, grouping.plan.late)):
        counted = [leaf for leaf in leaves if leaf.value in group.at]
        if counted:
            events.append(Event(len(results), learning))
            results.append(body.total(counted))
    anchor = None if group.anchor is None else values[group.anchor]
    definition = None if anchor is None else anchor.definition
    factors = tuple(
        Place(place.array, place.offset, place.strides + strides)
        for place, strides in zip(places[:f], inner.strides, strict=True)
    )
    written = tuple(
        Store(outputs.index(value), place, learning)
        for (value, _, _, learning), place in zip(stored, places[o:], strict=True)
    )
    reduction = definition.reduction if isinstance(definition, Contraction) else None
    read = [arrays.arrays[place.array].name for place in factors]
    if len(read) == 2:
        name = " * ".join(read)
    elif read:
        name = f"{reduction} of {read[0]}"
    else:
        name = ", ".join(arrays.arrays[store.place.array].name for store in written) or "counters"
    return Phase(
        name,
        kept.extents,
        inner.extents,
        factors,
        reduction,
        None if anchor is None else anchor.format,
        tuple(places[f:o]),
        body.build(results),
        written,
        tuple(events),
    )


def reduced(each: Draft) -> Loops:
    """The reduced loops of a phase, and the strides of its factors along them."""
    factors = [positions for _, positions in each.factors]
    if not factors or factors[0].shape[1] == 1:
        return Loops((), ((),) * len(factors))
    found = loops([at[0] - at[0, 0] for at in factors], factors[0].shape[1])
    assert found is not None
    return found


def stores(
    grouping: Grouping, arrays: Arrays, group: Group
) -> Iterator[tuple[int, Copy, IntArray, bool]]:
    """What a group stores: the value, into which array, where, and whether only in learning."""
    plan = grouping.plan
    for value, at in group.at.items():
        for (kind, number), places in grouping.stores(value, group.at):
            learning = kind == "state"
            if kind == "temporary":
                readers = set(plan.readers.get(number, ())) - group.at.keys()
                # A phase that takes part in predictions reads all its operands in them.
                users = [grouping.group[reader] for reader in readers if reader in grouping.group]
                learning = not (readers & plan.forward or any(map(grouping.is_forward, users)))
                # What keeps a memory for learning stands among the phases of every sample.
                learning &= value not in plan.atoms.snapshots.values()
            for copy in arrays.stored((kind, number)):
                yield value, copy, places[at], learning

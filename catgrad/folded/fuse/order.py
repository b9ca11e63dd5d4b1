"""The order of phases: predictions first, and then so that one hides the latency of another."""

from __future__ import annotations

from catgrad.folded.fuse.atoms import Contraction
from catgrad.folded.fuse.groups import Group, Grouping


def ordered(grouping: Grouping) -> list[Group]:
    """The groups in an order in which each comes after what it waits for.

    Of those that can come next, rather one that does not read what the last one computes, and
    rather one at the start of a long chain.
    """
    groups = grouping.groups()
    before = {group: grouping.before(group) for group in groups}
    sources = grouping.plan.sources
    read = {
        group: {grouping.group[source] for value in group.at for source in sources[value]}
        for group in groups
    }
    chain = chains(grouping, groups, before)
    result: list[Group] = []
    for forward in (True, False):
        waiting = [group for group in groups if grouping.is_forward(group) == forward]
        while waiting:
            ready = [group for group in waiting if before[group] <= set(result)]
            last = result[-1] if result else None
            chosen = min(ready, key=lambda group: (last in read[group], -chain[group]))
            waiting.remove(chosen)
            result.append(chosen)
    return result


def chains(
    grouping: Grouping, groups: list[Group], before: dict[Group, set[Group]]
) -> dict[Group, int]:
    """How many products the longest chain of groups has that starts with each."""
    chain: dict[Group, int] = {}

    def length(group: Group) -> int:
        if group not in chain:
            after = [other for other in groups if group in before[other]]
            chain[group] = work(grouping, group) + max(map(length, after), default=0)
        return chain[group]

    for group in groups:
        length(group)
    return chain


def work(grouping: Grouping, group: Group) -> int:
    """How many products or terms a group takes."""
    if group.anchor is None:
        return group.points
    definition = grouping.plan.atoms.values[group.anchor].definition
    assert isinstance(definition, Contraction)
    return definition.factors[0].positions.size

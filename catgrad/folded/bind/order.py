"""In which order phases run, and loops of each: so that numbers come when they are needed."""

from __future__ import annotations

from collections.abc import Sequence

from catgrad.folded.bind.loops import orders
from catgrad.folded.bind.plan import Plan
from catgrad.folded.bind.schedule import Scheduler

_ORDERS = 24
"""Of the loops of one phase, this many are tried."""

Starts = dict[Plan, int]


def ordered(scheduler: Scheduler, plans: Sequence[Plan]) -> Starts:
    """The plans in the order of their starts, with loops in the order that ends first.

    One plan after another takes the order of loops that is best beside the others, until no plan
    can do better.
    """
    plans = list(plans)
    best = scheduler.listed(plans)
    price = cost(scheduler, best)
    improved = True
    while improved:
        improved = False
        for index in range(len(plans)):
            for nest in orders(plans[index].nest, _ORDERS):
                other = [*plans[:index], plans[index].with_nest(nest), *plans[index + 1 :]]
                starts = scheduler.listed(other)
                if (found := cost(scheduler, starts)) < price:
                    plans, best, price, improved = other, starts, found, True
    return best


def cost(scheduler: Scheduler, starts: Starts) -> tuple[int, int]:
    """Cycles of a training step, and of a prediction."""
    predict, train = scheduler.restarts(starts)
    forward = scheduler.program(starts, train=False)
    return scheduler.length(starts) + train, scheduler.length(forward) + predict

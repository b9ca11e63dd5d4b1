"""What a learning rule draws from nowhere until a learner factors it out as inputs of a step."""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.core.types import NdArrayType, obj, op
from catgrad.hypergraph import Labels, OpenHypergraph


@dataclass(frozen=True)
class Drawn:
    """``I → T``, called `name` in generated source."""

    T: NdArrayType
    name: str

    def source(self) -> Labels:
        return obj()

    def target(self) -> Labels:
        return obj(self.T)


class State(Drawn):
    """Numbers that a rule keeps from one step to the next; at first they are 0.

    What flows in reverse to this operation is what they are after the step.
    """


class Queue(State):
    """What a delayed rule keeps: the last gradients along the first axis, the newest first.

    It is part of what a learner is in the middle of, and not of what it has learned.
    """


class Given(Drawn):
    """Numbers that each step is given anew, such as a rate that follows a schedule.

    All that have the same type and name are one input; what flows in reverse to it is dropped.
    """


def state(T: NdArrayType, name: str) -> OpenHypergraph:
    """``I → T``, a state."""
    return op(State(T, name))


def given(T: NdArrayType, name: str) -> OpenHypergraph:
    """``I → T``, an input of each step."""
    return op(Given(T, name))

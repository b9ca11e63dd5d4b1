"""What a run came to, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boards.training import Training
from boards.watching.state import State


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    state: State
    training: Training
    path: Path

    def to_json(self) -> dict[str, Any]:
        """As programs read it."""
        state, training = self.state, self.training
        test, learned = state.test, state.training
        return {
            "end": "" if state.end is None else state.end.how,
            "samples": state.position,
            "learned": state.learned,
            "seconds": state.seconds,
            "training_loss": learned.loss[-1] if learned.loss else None,
            "training_accuracy": learned.accuracy[-1] if learned.accuracy else None,
            "test_loss": test.loss[-1] if test.loss else None,
            "test_accuracy": test.accuracy[-1] if test.accuracy else None,
            "confusion": state.confusion,
            "equal_integers": state.link["compared"],
            "counters": dict(
                zip(
                    ("samples", "forward_saturations", "learning_saturations"),
                    training.checkpoint.counters,
                    strict=True,
                )
            ),
            "link": state.link,
            "checkpoint": str(self.path),
        }

    def __str__(self) -> str:
        """As people read it."""
        state, name = self.state, self.state.heading.name
        lately = min(state.lately, state.learned)
        text = f"{name}: {state.learned:,} samples learned in {state.seconds:.1f} s"
        if state.test.accuracy:
            text += f", test accuracy {state.test.accuracy[-1]:.1%}"
        elif state.test.loss:
            text += f", test loss {state.test.loss[-1]:.4g}"
        elif state.training.accuracy:
            text += f", accuracy {state.training.accuracy[-1]:.1%} over the last {lately}"
        elif state.training.loss:
            text += f", loss {state.training.loss[-1]:.4g} over the last {lately}"
        compared = state.link["compared"]
        if compared is not None:
            text += f"; {compared:,} integers of the board, all equal to those of the program"
        text += f". The parameters are in {self.path}"
        if state.end is not None and state.end.how == "interrupted":
            text += f", after {state.position:,} of {state.heading.samples:,} samples; go on with "
            text += "--resume"
        return f"{text}."

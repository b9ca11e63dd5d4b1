"""Learning rules and losses as they are named on a command line."""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import Any

from catgrad import layers
from catgrad.bidirectional.learning import Loss
from catgrad.combinators import Canonical, Family
from catgrad.errors import CatgradError
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.learner import RULES

KINDS = {"--rule": RULES, "--loss": (Loss,)}
"""What a rule or a loss consists of."""

NOUN = {"--rule": "learning rule", "--loss": "loss"}
EXAMPLE = {"--rule": "a rule such as sgd(0.1)", "--loss": "a loss such as mse"}


def canonical(module: ModuleType, option: str, text: str) -> Canonical:
    """``name`` or ``name(number, ...)``, the name taken from a user's file, or else from `layers`.

    Raises `CatgradError`, naming the option, where there is none.
    """
    parts = re.fullmatch(r"(\w+)(?:\(([^()]*)\))?", text)
    if parts is None:
        raise CatgradError(
            f"{option} {text} is not a name with numbers; write it like sgd(0.1) or mse."
        )
    name, numbers = parts.groups()
    found: Any = getattr(module, name, None) or getattr(layers, name, None)
    if not callable(found):
        raise CatgradError(
            f"{option} {text}: there is no {name} in the file or in catgrad.layers; name a rule "
            f"such as sgd(0.1), or a loss such as mse."
        )
    if isinstance(found, Family) and numbers is not None:
        raise CatgradError(f"{option} {text}: {name} takes no numbers; write {option} {name}.")
    parameters = _parameters(found)
    if any("NdArrayType" in str(p.annotation) for p in parameters):  # a layer
        raise CatgradError(f"{option} {text} is no {NOUN[option]}; name {EXAMPLE[option]}.")
    if numbers is None:
        needed = [p for p in parameters if p.default is p.empty]
        if len(needed) == 1 and needed[0].name != "rate":
            return found  # type: ignore[no-any-return]
    try:
        made: Canonical = found(*(float(n) for n in (numbers or "").split(",") if n.strip()))
    except CatgradError as error:
        raise CatgradError(f"{option} {text}: {error}") from error
    except Exception as error:  # whatever a function says that is none of numbers
        raise CatgradError(
            f"{option} {text} cannot be made ({error}); give its numbers, as in sgd(0.1)."
        ) from error
    if not callable(made):
        raise CatgradError(
            f"{option} {text} is of type {type(made).__name__}; name {EXAMPLE[option]}."
        )
    return made


def _parameters(function: Any) -> list[inspect.Parameter]:
    """What a function takes; nothing where it does not say."""
    try:
        return [*inspect.signature(function).parameters.values()]
    except ValueError:  # of some functions that are not written in Python
        return []


def require(option: str, text: str, f: Canonical, types: Labels) -> None:
    """Refuse, naming the option, what is no rule for parameters, or no loss of outputs, of these
    types."""
    if not len(types):
        return
    try:
        applied: Any = f(types)
    except CatgradError as error:
        raise CatgradError(f"{option} {text}: {error}") from error
    except Exception as error:
        raise CatgradError(
            f"{option} {text} cannot be applied to {types} ({error}); name {EXAMPLE[option]}."
        ) from error
    if not isinstance(applied, OpenHypergraph) or not any(
        isinstance(label, KINDS[option]) for label in applied.H.x
    ):
        raise CatgradError(f"{option} {text} is no {NOUN[option]}; name {EXAMPLE[option]}.")

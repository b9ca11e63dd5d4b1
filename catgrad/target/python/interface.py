"""Programs that are to be functions of a class, and what to call their wires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.target.python.helpers import HELPERS
from catgrad.target.python.names import Names, require_identifier


@dataclass(frozen=True)
class Function:
    """A core program, and what to call its wires.

    - ``arguments``, ``results``: a name for each input and output; repeated ones are numbered
    - ``seeds``: the arguments from which changes flow back through the program, if any do: the
      targets of a training step, say. What is computed from them is named as a gradient.
    - ``learned``: how many of the first arguments training changes, parameters and states, so that
      numbers in them that are not finite have come of training
    """

    program: OpenHypergraph
    arguments: Sequence[str] = ()
    results: Sequence[str] = ()
    seeds: Sequence[str] = ()
    learned: int = 0

    @cached_property
    def argument_names(self) -> list[str]:
        """The arguments as the source has them; without names they are x, or x0, x1 and so on."""
        n = len(self.program.s)
        if not self.arguments:
            return ["x"] if n == 1 else [f"x{i}" for i in range(n)]
        return Names(HELPERS).claim(self.arguments)

    @cached_property
    def result_names(self) -> list[str]:
        """What the source calls the results, where no argument is called so."""
        return Names(HELPERS).claim(self.results)


Functions = Mapping[str, Function | OpenHypergraph]


def as_functions(functions: Functions) -> dict[str, Function]:
    """Named functions, having checked that they can be methods of a class."""
    checked = {}
    for name, f in functions.items():
        f = f if isinstance(f, Function) else Function(f)
        require_identifier(name)
        if name.startswith("_"):
            raise CatgradError(
                f"A function cannot be called '{name}', since names that begin with an underscore "
                f"are private; choose another name."
            )
        for kind, names, wires in (
            ("argument", f.arguments, f.program.s),
            ("result", f.results, f.program.t),
        ):
            if names and len(names) != len(wires):
                raise CatgradError(
                    f"{name}: the program has {len(wires)} {kind}s, but {len(names)} names were "
                    f"given for them ({', '.join(names)}); give one name for each."
                )
        checked[name] = f
    return checked

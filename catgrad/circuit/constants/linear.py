"""Where a netlist is linear: sums of numbers times constants, between cells that are not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from catgrad.circuit.netlist import Kind, Netlist

Form = dict[int, int]
"""A sum of nets times constants, the constant on its own at `ONE`."""

ONE = -1

_LINEAR = (Kind.ADD, Kind.SUB, Kind.SHL)


@dataclass(frozen=True)
class LinearMap:
    """Nets that are sums of other nets times constants.

    `nets`, what is computed, each with its form; `sources`, the nets of which the forms are sums,
    in order.
    """

    nets: tuple[int, ...]
    forms: tuple[Form, ...]
    sources: tuple[int, ...]

    @property
    def products(self) -> int:
        """How many constants there are that are neither 0 nor a power of two, or its negative."""
        return sum(
            abs(constant).bit_count() > 1
            for form in self.forms
            for net, constant in form.items()
            if net != ONE
        )


class Linearity:
    """The linear maps of a netlist.

    - `linear : bool[n]`, the cells that are linear in their arguments: sums, differences, shifts
      to the left, and products with a constant
    - `stage : list[int]`, for each cell how often at most a cell that is not linear follows one
      that is, on a way to it: maps of one stage read nets of that stage and earlier ones
    - `maps`: for each stage its maps. What two of them compute has no net in common.
    """

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        kind, args = netlist.kind, netlist.args
        constant = kind == Kind.CONST
        product = (kind == Kind.MUL) & (constant[args[:, 0]] | constant[args[:, 1]])
        self.linear = (np.isin(kind, _LINEAR) | product).tolist()
        self.forms: dict[int, Form] = {}
        self.stage = self._stages()
        self.maps = self._maps()

    def _stages(self) -> list[int]:
        stages: list[int] = []
        for read, linear in zip(self.netlist.args.tolist(), self.linear, strict=True):
            before = [stages[net] + (self.linear[net] and not linear) for net in read if net >= 0]
            stages.append(max(before, default=0))
        return stages

    def _roots(self) -> list[int]:
        """The linear nets that something reads which is not linear, or that leave the netlist."""
        args = self.netlist.args
        read = args[~np.array(self.linear, dtype=np.bool_)]
        shown = [port.nets for port in self.netlist.outputs]
        nets = np.unique(np.concatenate([read[read >= 0], *shown]))
        return [net for net in nets.tolist() if self.linear[net]]

    def form(self, net: int) -> Form:
        """What a net is a sum of; all linear nets before it have their forms."""
        if net in self.forms:
            return self.forms[net]
        if self.netlist.kind[net] == Kind.CONST:
            value = int(self.netlist.value[net])
            return {ONE: value} if value else {}
        return {net: 1}

    def _maps(self) -> dict[int, list[LinearMap]]:
        roots = self._roots()
        self._fill(roots)
        groups: dict[int, dict[int, int]] = defaultdict(dict)  # the union-find of each stage
        for root in roots:
            parents = groups[self.stage[root]]
            for net in self.forms[root]:
                if net != ONE:
                    parents[_find(parents, net)] = _find(parents, ~root)
        found: dict[int, list[LinearMap]] = defaultdict(list)
        together: dict[tuple[int, int], list[int]] = defaultdict(list)
        for root in roots:
            stage = self.stage[root]
            together[stage, _find(groups[stage], ~root)].append(root)
        for (stage, _), nets in together.items():
            forms = tuple(self.forms[net] for net in nets)
            sources = sorted({net for form in forms for net in form if net != ONE})
            found[stage].append(LinearMap(tuple(nets), forms, tuple(sources)))
        return dict(found)

    def _fill(self, roots: list[int]) -> None:
        """The forms of the linear nets that roots need, the roots' own kept."""
        kinds, values = self.netlist.kind.tolist(), self.netlist.value.tolist()
        arguments = self.netlist.args.tolist()
        needed, waiting = set(roots), list(roots)
        while waiting:
            for net in arguments[waiting.pop()]:
                if net >= 0 and self.linear[net] and net not in needed:
                    needed.add(net)
                    waiting.append(net)
        readers: dict[int, int] = defaultdict(int)
        for cell in needed:
            for net in arguments[cell]:
                readers[net] += 1
        kept = set(roots)
        for cell in sorted(needed):
            a, b, _ = arguments[cell]
            match kinds[cell]:
                case Kind.SHL:
                    self.forms[cell] = _scaled(self.form(a), 1 << values[cell])
                case Kind.MUL:
                    if kinds[a] == Kind.CONST:
                        a, b = b, a
                    self.forms[cell] = _scaled(self.form(a), int(values[b]))
                case kind:
                    sign = 1 if kind == Kind.ADD else -1
                    self.forms[cell] = _summed(self.form(a), self.form(b), sign)
            for net in (a, b):
                readers[net] -= 1
                if readers[net] == 0 and net not in kept:
                    self.forms.pop(net, None)


def _scaled(form: Form, by: int) -> Form:
    return {net: constant * by for net, constant in form.items()} if by else {}


def _summed(a: Form, b: Form, sign: int) -> Form:
    total = dict(a)
    for net, constant in b.items():
        total[net] = total.get(net, 0) + sign * constant
        if not total[net]:
            del total[net]
    return total


def _find(parents: dict[int, int], node: int) -> int:
    """The representative of a node, on the way to which all paths are halved."""
    parents.setdefault(node, node)
    while parents[node] != node:
        parents[node] = node = parents[parents[node]]
    return node

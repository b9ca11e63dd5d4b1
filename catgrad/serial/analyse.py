"""From the netlist of a tick to sums of products."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from graphlib import TopologicalSorter
from math import gcd
from typing import NamedTuple

import numpy as np

from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist, unpack_format
from catgrad.errors import CatgradError
from catgrad.serial.sums import Past, Post, Sum, Sums, Term

INSTEAD = "use Folded(lanes=1), which has other operations too, or Spatial()"
"""What to do with what is no sum of products."""

Form = dict[tuple[int | None, int | None], int]
"""A polynomial: for each product of a number and a parameter, nets or None, its coefficient."""

LINEAR = (Kind.ADD, Kind.SUB, Kind.SHL, Kind.MUL)
"""Kinds of which polynomials are made."""

ROUNDED = (Kind.SHR, Kind.SATURATE, Kind.WRAP)
"""Kinds that end a sum."""


class SerialError(CatgradError):
    """A program that no serial machine runs."""


class Root(NamedTuple):
    """A number that is computed: a net, or what it would be in a format, to be counted there."""

    net: int
    format: Format | None = None


def sums_of(netlist: Netlist) -> Sums:
    """The sums of products that a netlist with the ports of a `catgrad.hdl.Transducer` computes.

    Sums and products that are not rounded are expanded, so that each number is a sum of products of
    numbers that stand in memory. SerialError at what is none.
    """
    return _Analysis(netlist).sums()


class _Analysis:
    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.inputs = {port.name: port.nets.tolist() for port in netlist.inputs}
        self.outputs = {port.name: port.nets.tolist() for port in netlist.outputs}
        self.x = {net: i for i, net in enumerate(self.inputs["x"])}
        self.next = dict(
            zip(self.inputs.get("state", []), self.outputs.get("state", []), strict=True)
        )
        self.parameters = {net: i for i, net in enumerate(self.inputs.get("parameters", []))}
        self.forms: dict[int, Form] = {}

    def sums(self) -> Sums:
        """Everything that the prediction and the counter of saturations need."""
        netlist = self.netlist
        predictions = [Root(net) for net in self.outputs["prediction"]]
        counted = self.counted()
        posts: dict[Root, tuple[Post, Form]] = {}
        reads: dict[Root, list[Root]] = {}  # in an order that is the same in every run
        matched: set[tuple[int, Format]] = set()
        pending = [*predictions, *map(self.clamped, counted)]
        while pending:
            root = pending.pop()
            if root in posts:
                continue
            post, exact, start = self.post(root)
            key = (exact, post.format)
            if key in counted and key not in matched:
                post = replace(post, counted=True)
                matched.add(key)
            posts[root] = post, self.form(start)
            reads[root] = []
            for number, _ in posts[root][1]:
                origin = None if number is None else self.origin(number)
                if origin is not None and isinstance(origin[0], Root):
                    pending.append(origin[0])
                    if origin[1] == 0:
                        reads[root].append(origin[0])
        order = list(TopologicalSorter(reads).static_order())
        line: dict[Root | int, int] = {i: i for i in range(len(self.x))}
        line |= {root: len(self.x) + k for k, root in enumerate(order)}
        sums = [self.sum(*posts[root], line) for root in order]
        shown = {port.name: port.formats for port in netlist.inputs}
        return Sums(
            shown["x"],
            shown.get("parameters", ()),
            tuple(sums),
            tuple(order.index(root) for root in predictions),
            netlist.output("prediction").formats,
        )

    def clamped(self, counted: tuple[int, Format]) -> Root:
        """The number that a net becomes in a format in which it is counted."""
        net, format = counted
        fitted = np.isin(self.netlist.kind, (Kind.SATURATE, Kind.WRAP))
        readers = np.flatnonzero(fitted & (self.netlist.args[:, 0] == net))
        found = [Root(int(cell)) for cell in readers]
        same = [root for root in found if self.netlist.format(root.net) == format]
        return same[0] if same else Root(net, format)

    def sum(self, post: Post, form: Form, line: dict[Root | int, int]) -> Sum:
        """A sum, without the zeros that all of its products end in."""
        constant, terms = 0, Counter[tuple[Past, int | None]]()
        for (number, parameter), coefficient in form.items():
            if number is None and parameter is None:
                constant = coefficient
            elif number is None:
                raise SerialError(
                    f"A serial machine multiplies each parameter by a number, and parameter "
                    f"{self.parameters[parameter or 0]} is added as it is; {INSTEAD}."
                )
            else:
                origin = self.origin(number)
                if origin is not None:
                    past = Past(line[origin[0]], origin[1])
                    given = None if parameter is None else self.parameters[parameter]
                    terms[past, given] += coefficient
        kept = [Term(c, past, given) for (past, given), c in terms.items() if c]
        common = gcd(constant, 1 << post.shift, *(term.coefficient for term in kept))
        zeros = (common & -common).bit_length() - 1
        ordered = sorted(kept, key=lambda term: (term.number, term.parameter or 0))
        return Sum(
            tuple(term._replace(coefficient=term.coefficient >> zeros) for term in ordered),
            constant >> zeros,
            replace(post, shift=post.shift - zeros),
        )

    def post(self, root: Root) -> tuple[Post, int, int]:
        """How a number is rounded, and the nets before it is brought into a format and before all.

        A number that is a sum as it stands has a format that holds it.
        """
        exact, saturates, format = root.net, True, root.format
        if format is None:
            format, saturates = self.netlist.format(exact), False
            kind = Kind(self.netlist.kind[exact])
            if kind in (Kind.SATURATE, Kind.WRAP):
                saturates = kind is Kind.SATURATE
                exact = int(self.netlist.args[exact, 0])
        shift, start = 0, exact
        if self.netlist.kind[exact] == Kind.SHR:
            shift, start = int(self.netlist.value[exact]), int(self.netlist.args[exact, 0])
        return Post(shift, format, saturates), exact, start

    def origin(self, net: int) -> tuple[Root | int, int] | None:
        """Which input or sum a number is, and of how many ticks ago; None if it is always 0."""
        seen: set[int] = set()
        while net in self.next and net not in seen:
            seen.add(net)
            net = self.next[net]
        if net in seen:
            return None
        return (self.x[net] if net in self.x else Root(net)), len(seen)

    def form(self, net: int) -> Form:
        """The polynomial that a net is, found without recursion: a sum is as deep as it is long."""
        pending = [net]
        while pending:
            cell = pending[-1]
            linear = self.netlist.kind[cell] in LINEAR
            operands = self.netlist.args[cell].tolist() if linear else []
            missing = [read for read in operands if read >= 0 and read not in self.forms]
            if missing:
                pending += missing
            else:
                self.forms[pending.pop()] = self._form(cell)
        return self.forms[net]

    def _form(self, net: int) -> Form:
        """That of a cell whose operands are known."""
        netlist = self.netlist
        kind = Kind(netlist.kind[net])
        if kind is Kind.CONST:
            return {(None, None): int(netlist.value[net])}
        if net in self.parameters:
            return {(None, net): 1}
        if kind is Kind.INPUT or kind in ROUNDED:
            return {(net, None): 1}
        if kind not in LINEAR:
            raise SerialError(
                f"A serial machine rounds sums of products, and cell {net} of the netlist "
                f"({kind}) is none; {INSTEAD}."
            )
        a, *others = (self.forms[int(read)] for read in netlist.args[net, : kind.operands])
        if kind is Kind.SHL:
            return {key: c << int(netlist.value[net]) for key, c in a.items()}
        (b,) = others
        if kind is Kind.MUL:
            return self.product(net, a, b)
        total = Counter(a)
        for key, c in b.items():
            total[key] += c if kind is Kind.ADD else -c
        return {key: c for key, c in total.items() if c}

    def product(self, net: int, a: Form, b: Form) -> Form:
        """The product of two polynomials that has no product of two numbers, or two parameters."""
        total = Counter[tuple[int | None, int | None]]()
        for (x, p), c in a.items():
            for (y, q), d in b.items():
                if None not in (x, y) or None not in (p, q):
                    both = "numbers" if None not in (x, y) else "parameters"
                    raise SerialError(
                        f"A serial machine multiplies a number by a constant or by a parameter, "
                        f"and cell {net} of the netlist multiplies two {both}; {INSTEAD}."
                    )
                total[y if x is None else x, q if p is None else p] += c * d
        return {key: c for key, c in total.items() if c}

    def counted(self) -> list[tuple[int, Format]]:
        """Which nets count as saturations where they are not in which format."""
        if not self.outputs.get("forward_saturations"):
            return []
        [net] = self.outputs["forward_saturations"]
        events = self.events(net)
        constant = events.pop(None, 0)
        if any(c != -1 for c in events.values()) or constant != len(events):
            raise SerialError(
                f"A serial machine counts each number that saturates once, and this model counts "
                f"some twice; {INSTEAD}."
            )
        asked = [fits for fits in events if fits is not None]
        formats = [unpack_format(int(self.netlist.value[fits])) for fits in asked]
        return list(zip(self.netlist.args[asked, 0].tolist(), formats, strict=True))

    def events(self, net: int) -> Counter[int | None]:
        """A count as a constant, of None, and how often it counts each FITS."""
        netlist = self.netlist
        total = Counter[int | None]()
        pending = [(net, 1)]  # and how often each is counted
        while pending:
            cell, times = pending.pop()
            kind, args = Kind(netlist.kind[cell]), netlist.args[cell].tolist()
            match kind:
                case Kind.CONST:
                    total[None] += times * int(netlist.value[cell])
                case Kind.FITS:
                    total[cell] += times
                case Kind.ADD | Kind.SUB:
                    second = times if kind is Kind.ADD else -times
                    pending += [(args[1], second), (args[0], times)]
                case Kind.GT if netlist.kind[args[0]] == Kind.CONST and netlist.value[args[0]] == 1:
                    total[None] += times
                    pending.append((args[1], -times))
                case _:
                    raise SerialError(
                        f"A serial machine counts numbers that saturate, and cell {cell} of the "
                        f"netlist ({kind}) counts something else; {INSTEAD}."
                    )
        return total

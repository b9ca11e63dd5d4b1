"""Let rounding cost a carry: sums that are shifted right are added in fewer bits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, copy_cell
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.ranges import ranges
from catgrad.circuit.verify import verify

_MOST = 8
"""Sums of more terms than this stay as they are."""


def carries(netlist: Netlist) -> Netlist:
    """The netlist in which a sum that is shifted right is formed of the bits that remain.

    Of a sum of which n bits are dropped, what is a multiple of 2**n is added afterwards, and a
    constant, which mostly says how to round, becomes a carry into that addition::

        (a + 2**(n-1)) >> n          (a >> n) + bit n-1 of a
        ((a << n) - b + c) >> n      a + ~(b >> n) + (1 if b mod 2**n <= c else 0)

    An addition with a carry c is one addition too, ``({a, 1} + {b, c}) >> 1``. Sums that somebody
    reads unshifted stay, and so do the formats of the ports.
    """
    rewriting = _Rewriting(verify(netlist))
    for cell in range(len(netlist)):
        rewriting.add(cell)
    return verify(copied(netlist, rewriting.b, np.array(rewriting.net, dtype=np.int64)))


@dataclass
class _Sum:
    """``constant`` and numbers shifted to the left, each added or subtracted."""

    constant: int = 0
    terms: list[tuple[int, int, int]] = field(default_factory=list)  # sign, net, shift


class _Rewriting:
    """A netlist that is built anew, cell by cell; `net[i]` is what has become of net i."""

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.kind = [Kind(kind) for kind in netlist.kind]
        self.args: list[list[int]] = netlist.args.tolist()
        self.value: list[int] = netlist.value.tolist()
        used = netlist.args[netlist.args >= 0]
        shown = [port.nets for port in netlist.outputs]
        self.readers = np.bincount(np.concatenate([used, *shown]), minlength=len(netlist)).tolist()
        self.least, self.greatest = ranges(netlist)
        self.b = NetlistBuilder()
        self.net: list[int] = []

    def add(self, cell: int) -> None:
        """Add what a cell computes; its arguments are done."""
        kind, (net, *_) = self.kind[cell], self.args[cell]
        if kind is Kind.INPUT:
            new = int(self.b.input(f"cell_{cell}", [self.netlist.format(cell)])[0])
        elif kind is Kind.SHR:
            # The formats of the parts may allow for more than the sum of them can be, and the
            # format of the sum for more than it is: what reads it may count on that.
            proved = Format.holding(int(self.least[cell]), int(self.greatest[cell]))
            new = int(self.b.wrap(self.rounded(net, self.value[cell]), proved))
        else:
            args = [self.net[arg] for arg in self.args[cell][: kind.operands]]
            new = copy_cell(self.b, self.netlist, cell, args)
        self.net.append(new)

    def rounded(self, net: int, n: int) -> int:
        """net >> n"""
        found = _Sum()
        if self.kind[net] in (Kind.ADD, Kind.SUB):
            self.gather(found, 1, net, 0)
        kept = [term for term in found.terms if term[2] >= n]
        dropped = [term for term in found.terms if term[2] < n]
        if len(dropped) != 1 or len(found.terms) > _MOST:
            return int(self.b.shr(self.net[net], n))
        [(sign, low, shift)] = dropped
        number, carry, constant = self.shifted(
            sign, self.net[low], found.constant >> shift, n - shift
        )
        for place, (sign, high, shift) in enumerate(kept):
            other = self.left(self.net[high], shift - n)
            if sign < 0:
                number = int(self.b.sub(number, other))
            elif carry is not None and place == len(kept) - 1:
                number, carry = self.with_carry(other, number, carry), None
            else:
                number = int(self.b.add(other, number))
        if carry is not None:
            number = int(self.b.add(number, carry))
        return number if constant == 0 else int(self.b.add(number, self.b.const(constant)))

    def gather(self, found: _Sum, sign: int, net: int, shift: int) -> None:
        """Add a net to a sum, or what it is the sum of, if that has no other reader."""
        kind, (first, second, _) = self.kind[net], self.args[net]
        if kind is Kind.CONST:
            found.constant += sign * self.value[net] << shift
        elif kind is Kind.SHL:
            self.gather(found, sign, first, shift + self.value[net])
        elif kind in (Kind.ADD, Kind.SUB) and self.readers[net] == 1:
            self.gather(found, sign, first, shift)
            self.gather(found, sign if kind is Kind.ADD else -sign, second, shift)
        else:
            found.terms.append((sign, net, shift))

    def shifted(self, sign: int, x: int, constant: int, n: int) -> tuple[int, int | None, int]:
        """(sign * x + constant) >> n as the sum of a number, a bit if need be, and a constant."""
        b, steps = self.b, 1 << n
        high, low = constant >> n, constant % steps
        number = int(b.shr(x, n))
        rest = b.wrap(x, Format(n, False))
        if sign > 0:
            if low == 0:
                return number, None, high
            if low == steps // 2:
                return number, int(b.wrap(b.shr(x, n - 1), Format(1, False))), high
            return number, int(b.gt(rest, b.const(steps - 1 - low))), high
        number = int(b.sub(b.const(-1), number))
        if low == steps - 1:
            return number, None, high + 1
        return number, int(b.gt(b.const(low + 1), rest)), high

    def with_carry(self, x: int, y: int, carry: int) -> int:
        """x + y + carry"""
        b = self.b
        total = b.add(b.add(b.shl(x, 1), b.const(1)), b.add(b.shl(y, 1), carry))
        return int(b.shr(total, 1))

    def left(self, net: int, amount: int) -> int:
        return int(self.b.shl(net, amount)) if amount else net

"""From sums that share parts to a graph of adders: trees, and what is subtracted from what."""

from __future__ import annotations

from itertools import product
from math import inf

from catgrad.circuit.constants.graph import AdderGraph, Term, adder_bits
from catgrad.circuit.constants.problem import Problem
from catgrad.circuit.constants.sums import SHIFT_BITS, SHIFTS, Sums, pattern_of
from catgrad.circuit.constants.trees import Leaf, added, leaf, tree


def finished(sums: Sums, problem: Problem) -> AdderGraph:
    """The graph of all rows.

    A number may be kept negated, as whoever reads it can subtract instead of adding. So no adder
    negates both of its terms, and where there is a choice the lower term is the one that is added,
    since its low bits then pass. Every row has a term that is not subtracted; one whose terms are
    all negated shared numbers has one of them expanded.
    """
    return _Finishing(sums, problem).graph()


class _Finishing:
    """`kept[number]` is the number in the graph, and with which sign it stands there."""

    def __init__(self, sums: Sums, problem: Problem) -> None:
        self.sums = sums
        self.problem = problem
        self.sources = problem.sources
        self.outputs: dict[int, Term | None] = {}
        self.adders: list[tuple[Term, Term]] = []
        self.known: dict[tuple[Term, Term], int] = {}
        self.kept = {i: (i, 1) for i in range(len(self.sources))}

    def graph(self) -> AdderGraph:
        sums = self.sums
        for number in sorted(sums.shared.values()):
            self.keep(number)
        rows = range(len(sums.rows))
        for row in sorted(rows, key=lambda row: sums.limits[row]):  # after that it begins with
            self.outputs[row] = self.row(row)
        outputs = tuple(self.outputs[row] for row in rows)
        given = self.problem.given
        first = len(self.sources) - len(given)
        return pruned(AdderGraph(self.sources[:first], (*given, *self.adders), outputs))

    def keep(self, number: int) -> None:
        """Add a shared number, negated where that lets the lower term be added."""
        first, second, by, sign = pattern_of(self.sums.pattern[number])
        (a, sign_a), (b, sign_b) = self.kept[first], self.kept[second]
        signs = sign_a, sign * sign_b
        if signs[0] == signs[1]:
            negated = signs[0]
        elif by:
            negated = signs[0] if by > 0 else signs[1]
        else:
            negated = 1
        terms = (
            Term(a, max(-by, 0), signs[0] * negated),
            Term(b, max(by, 0), signs[1] * negated),
        )
        self.kept[number] = self.adder(*terms), negated

    def row(self, row: int) -> Term | None:
        """Add the adders of one row, and return what it is."""
        anchor = self.problem.anchors[row]
        terms = self.positive(row)
        places = []
        for code, sign in terms.items():
            name, kept_sign = self.kept[code >> SHIFT_BITS]
            places.append(Term(name, code & SHIFTS, sign * kept_sign))
        leaves = self.sums.leaves(row)
        start = None if anchor is None else self.outputs[anchor.row]
        if anchor is not None and start is not None:
            places.append(Term(start.number, start.shift + anchor.shift, anchor.sign))
            _, least, greatest, _, depth = leaves[-1]
            by = start.shift
            leaves[-1] = leaf(least >> by, greatest >> by, by + anchor.shift, depth)
        if not places:
            return None
        pairs = tree(leaves, self.sums.limits[row]).pairs

        # The least bits with which each number of the tree can be had as it is, and negated.
        costs = [{place.sign: 0.0} for place in places]
        choices: list[dict[int, tuple[int, int]]] = [{} for _ in places]
        values = list(leaves)
        for i, j in pairs:
            total, _ = added(values[i], values[j])
            cost, choice = {1: inf, -1: inf}, {}
            for kept, (a, cost_a), (b, cost_b) in product(
                (1, -1), costs[i].items(), costs[j].items()
            ):
                if (kept, kept) == (-a, -b):
                    continue
                term_a = Term(0, values[i].shift, kept * a)
                term_b = Term(0, values[j].shift, kept * b)
                base = min(term_a.shift, term_b.shift)
                chain = adder_bits(
                    term_a._replace(shift=term_a.shift - base),
                    term_b._replace(shift=term_b.shift - base),
                    *ends(total, kept),
                )
                bits = cost_a + cost_b + chain
                if bits < cost[kept]:
                    cost[kept], choice[kept] = bits, (a, b)
            values.append(total)
            costs.append({kept: bits for kept, bits in cost.items() if bits < inf})
            choices.append(choice)

        def build(i: int, kept: int) -> Term:
            """A number of the tree, kept with this sign; a term that is to be added."""
            if i < len(places):
                return places[i]._replace(sign=1)
            a, b = choices[i][kept]
            left, right = build(pairs[i - len(places)][0], a), build(pairs[i - len(places)][1], b)
            base = min(left.shift, right.shift)
            number = self.adder(
                Term(left.number, left.shift - base, kept * a),
                Term(right.number, right.shift - base, kept * b),
            )
            return Term(number, base, 1)

        return build(len(values) - 1, 1)

    def positive(self, row: int) -> dict[int, int]:
        """The terms of a row, made so that one of them is added as it is kept."""
        sums, anchor = self.sums, self.problem.anchors[row]
        while True:
            terms = sums.rows[row]
            signs = {term: sign * self.kept[term >> SHIFT_BITS][1] for term, sign in terms.items()}
            shared = [term for term in terms if term >> SHIFT_BITS >= sums.sources]
            added = 1 in signs.values() or (anchor is not None and anchor.sign > 0)
            if not terms or added or not shared:
                return terms
            sums.expand(row, shared[0])

    def adder(self, a: Term, b: Term) -> int:
        """The number of an adder, a new one or the same that is there."""
        if (b.shift, b.number) < (a.shift, a.number):
            a, b = b, a
        if (a, b) not in self.known:
            self.adders.append((a, b))
            self.known[a, b] = len(self.sources) + len(self.adders) - 1
        return self.known[a, b]


def ends(number: Leaf, sign: int) -> tuple[int, int]:
    """The range of a number, or of its negative."""
    least, greatest = number.least, number.greatest
    return (least, greatest) if sign > 0 else (-greatest, -least)


def pruned(graph: AdderGraph) -> AdderGraph:
    """The graph without the adders that no output needs."""
    first = len(graph.sources)
    needed = {term.number for term in graph.outputs if term}
    for i in reversed(range(len(graph.adders))):
        if first + i in needed:
            needed |= {term.number for term in graph.adders[i]}
    kept = [i for i in range(len(graph.adders)) if first + i in needed]
    new = {i: i for i in range(first)} | {first + i: first + j for j, i in enumerate(kept)}

    def renamed(term: Term) -> Term:
        return term._replace(number=new[term.number])

    return AdderGraph(
        graph.sources,
        tuple((renamed(graph.adders[i][0]), renamed(graph.adders[i][1])) for i in kept),
        tuple(term and renamed(term) for term in graph.outputs),
    )

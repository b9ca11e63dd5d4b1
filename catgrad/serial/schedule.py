"""Finding a timetable: the order of the sums, of the products in each, and the interval."""

from __future__ import annotations

from itertools import count

from catgrad.serial.sums import Past, Sum, Sums, Term
from catgrad.serial.timetable import LANDS, Timetable


def timetable(sums: Sums) -> Timetable:
    """A short timetable; its interval is the number of products where nothing has to be waited for.

    Sums are formed one after another. Next comes the one that begins with the fewest idle cycles,
    and of those the one that most others wait for. In a sum those products come last whose numbers
    are there last, and those of the new sample, which has to be there only then.
    """
    sums = _filled(sums)
    row, land = _row(sums)
    least = max(len(row), 2, *_loops(sums, row, land))
    finish = max(land)
    # No number of a prediction is computed while the prediction before is not complete.
    least = max(least, finish - min(land[k] for k in sums.predictions) + 2)
    for interval in count(least):
        waits = _waits(sums, row, land, interval)
        if waits is not None:
            idle = interval - len(row)
            return Timetable(sums, (*row, *[None] * idle), waits)
    raise AssertionError


def _filled(sums: Sums) -> Sums:
    """A sum without terms has one that is 0."""
    nothing = (Term(0, Past(0, 0)),)
    filled = tuple(s if s.terms else Sum(nothing, s.constant, s.post) for s in sums.sums)
    return Sums(sums.inputs, sums.parameters, filled, sums.predictions, sums.outputs)


Row = list[tuple[int, int] | None]


def _row(sums: Sums) -> tuple[Row, list[int]]:
    """The products of a tick, as in a `Timetable`, and in which cycle each sum lands."""
    inputs, number = len(sums.inputs), len(sums.sums)
    now = [{t.number.line - inputs for t in s.terms if _is_new(sums, t)} for s in sums.sums]
    height = [0] * number
    for k in reversed(range(number)):
        for earlier in now[k]:
            height[earlier] = max(height[earlier], height[k] + len(sums.sums[k].terms))
    row: Row = []
    land: dict[int, int] = {}
    while len(land) < number:
        ready = [k for k in range(number) if k not in land and land.keys() >= now[k]]
        parts = {k: _part(sums, k, len(row), land) for k in ready}
        best = min(ready, key=lambda k: (parts[k].count(None), -height[k], k))
        row += parts[best]
        land[best] = len(row) - 1 + LANDS
    return row, [land[k] for k in range(number)]


def _is_new(sums: Sums, term: Term) -> bool:
    """Whether a product needs a sum of its own tick."""
    return term.number.age == 0 and term.number.line >= len(sums.inputs)


def _part(sums: Sums, k: int, start: int, land: dict[int, int]) -> Row:
    """The products of one sum from a cycle on, each once its number can be read."""
    inputs, terms = len(sums.inputs), sums.sums[k].terms

    def there(i: int) -> tuple[int, bool, int]:
        number = terms[i].number
        from_cycle = land[number.line - inputs] + 1 if _is_new(sums, terms[i]) else 0
        return from_cycle, number.line < inputs and number.age == 0, i

    row: Row = []
    for i in sorted(range(len(terms)), key=there):
        row += [None] * (there(i)[0] - start - len(row))
        row.append((k, i))
    return row


def _loops(sums: Sums, row: Row, land: list[int]) -> list[int]:
    """How long an interval each product needs whose number is a sum of an earlier tick."""
    needed = []
    for cycle, issue in enumerate(row):
        if issue is not None:
            line, age = sums.sums[issue[0]].terms[issue[1]].number
            if age and line >= len(sums.inputs):
                needed.append(-((cycle - land[line - len(sums.inputs)] - 1) // age))
    return needed


def _waits(sums: Sums, row: Row, land: list[int], interval: int) -> tuple[int, ...] | None:
    """When to wait for each input, or None if that takes a longer interval.

    The prediction before is complete by then, as the next sample may never come, and nothing is
    counted of a sample that has not come: no sum of its tick is rounded before. Between two
    waits there is a cycle in which no sum is rounded. Parameters may change while a sample is
    waited for, so that none is read before.
    """
    inputs, last = len(sums.inputs), 0 if sums.parameters else min(len(row), *land) - 1
    limit = [last] * inputs
    for cycle, issue in enumerate(row):
        if issue is not None:
            line, age = sums.sums[issue[0]].terms[issue[1]].number
            if line < inputs and age == 0:
                limit[line] = min(limit[line], cycle)
    rounds = {cycle % interval for cycle in land}

    def free(before: int) -> int | None:
        """The last cycle before another in which an input can be stored."""
        cycles = range(before - 1, before - 1 - interval, -1)
        return next((cycle for cycle in cycles if cycle % interval not in rounds), None)

    waits, bound = [0] * inputs, last
    for line in sorted(range(inputs), key=lambda line: (limit[line], line), reverse=True):
        waits[line] = min(limit[line], bound)
        stored = free(waits[line])
        if stored is None:
            return None
        bound = stored - 1
    first, final = min(waits), max(waits)
    if first <= max(land) - interval or bound < final - interval:
        return None
    return tuple(waits)

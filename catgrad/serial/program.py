"""The program of a serial machine: a word of control for each cycle of its timetable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from catgrad.serial.sums import Post, Term
from catgrad.serial.timetable import ADDS, FACTORS, Timetable


@dataclass(frozen=True)
class Program:
    """What a serial machine does in each step.

    Step 0 is where it starts, with a memory of zeros; steps 1 to `interval` follow each other, and
    behind the last one comes step 1 again. Step 0 is done twice. All numbers are in one memory of
    `words`, a ring: a number has the same *slot* in each tick, and is found in the word ``base +
    slot``, where `base` goes down by 1 from tick to tick, so that what was in a slot is in the
    next one. `base` goes down where `wraps` is 1, a step before the last.

    - `words`: of the ring, a power of two
    - `coefficients`: of the products without a parameter, each once
    - `gain`: parameters are stored times 2**gain
    - `constants`, `posts`: what sums start with, and how they are rounded, each once
    - `columns`: the fields of the words of control, by name:

      - `read`: the slot of a factor; `coefficient`: of the product whose number was read in the
        step before. With parameters instead `factor`: where it is in a memory of parameters and
        then `coefficients`, in the step of `read`; `minus`: the product is subtracted, in the step
        in which it is added up
      - `first`: the product that is added up starts a sum, with constant `constant`
      - `rounds`: the number at hand is the sum, rounded by `post`, and not one of a sample;
        `lands`: and the sum is complete. `stores`: in the slot `write`; `shows_i`: as number i of
        the prediction; `finishes`: as the last of its tick
      - `takes`: number `input` of a sample may be stored in the slot `write`. `opens`: it is the
        first one; `leaves`: the last. `waits`: until it is there; `enters`: and was the last.
        `loads`: parameters may change while it waits
      - `holds`: until the prediction before has been taken
    """

    timetable: Timetable
    words: int
    coefficients: tuple[int, ...]
    gain: int
    constants: tuple[int, ...]
    posts: tuple[Post, ...]
    columns: dict[str, tuple[int, ...]]

    @property
    def interval(self) -> int:
        """Cycles from sample to sample, where nothing stalls."""
        return self.timetable.interval

    @cached_property
    def latency(self) -> int:
        """Cycles from the transfer of a sample that is waited for to its prediction."""
        return self.timetable.finish - self.timetable.last_wait + 2


def program(table: Timetable) -> Program:
    """The program that does what a timetable says."""
    return _Writer(table).program()


class _Writer:
    def __init__(self, table: Timetable) -> None:
        self.table, self.sums = table, table.sums
        self.start = min(min(table.waits) - 1, ADDS)
        inputs = len(self.sums.inputs)
        self.slots, free = [], 0
        for line, age in enumerate(self.sums.ages):
            # A spare word before each input: it may arrive while the tick before is computed.
            free += line < inputs
            needed = max(age + 1, line < inputs)
            self.slots.append(free if needed else None)
            free += needed
        self.words = 1 << max(free - 1, 1).bit_length()
        self.coefficients: dict[int, int] = {}
        self.columns: dict[str, list[int]] = {}
        for name in ("read", "write", "minus", "stores", "lands", "loads"):
            self.columns[name] = [0] * (table.interval + 1)

    def program(self) -> Program:
        table, sums = self.table, self.sums
        constants = tuple(dict.fromkeys(s.constant for s in sums.sums))
        posts = tuple(dict.fromkeys(s.post for s in sums.sums))
        for cycle in range(table.interval):
            term = table.term(cycle)
            if term is not None:
                self.slot("read", cycle, *term.number)
            self.factor(cycle, term)
        for k, s in enumerate(sums.sums):
            line, start, land = len(sums.inputs) + k, table.starts[k], table.lands[k]
            self.mark("first", start + ADDS)
            self.mark("constant", start + ADDS, constants.index(s.constant))
            self.mark("lands", land)
            self.mark("rounds", land)
            self.mark("post", land, posts.index(s.post))
            if self.slots[line] is not None:
                self.mark("stores", land)
                self.slot("write", land, line, 0)
        for i, k in enumerate(sums.predictions):
            self.mark(f"shows_{i}", table.lands[k])
        self.mark("finishes", table.finish)
        self.mark("holds", min(table.lands[k] for k in sums.predictions) - 1)
        self.arrivals()
        self.mark("wraps", self.start + table.interval - 1)
        columns = {name: self.started(name, column) for name, column in self.columns.items()}
        coefficients = tuple(self.coefficients)
        return Program(table, self.words, coefficients, self.gain(), constants, posts, columns)

    def gain(self) -> int:
        """What all parameters are multiplied by, as an exponent of 2."""
        terms = (term for s in self.sums.sums for term in s.terms if term.parameter is not None)
        return max((abs(term.coefficient) for term in terms), default=1).bit_length() - 1

    def factor(self, cycle: int, term: Term | None) -> None:
        """The other factor: a coefficient of the program, or where in the memory of parameters.

        Where there is no product, it is 0.
        """
        coefficient = term.coefficient if term else 0
        if term is None or term.parameter is None:
            self.coefficients.setdefault(coefficient, len(self.coefficients))
        if not self.sums.parameters:
            self.mark("coefficient", cycle + FACTORS, coefficient)
        elif term and term.parameter is not None:
            self.mark("factor", cycle, term.parameter)
            self.mark("minus", cycle + ADDS, int(coefficient < 0))
        else:
            place = len(self.sums.parameters) + self.coefficients[coefficient]
            self.mark("factor", cycle, place)

    def arrivals(self) -> None:
        """When each number of a sample may come, and when it must have come."""
        table = self.table
        order = sorted(range(len(table.waits)), key=lambda line: table.waits[line])
        rounds = {land % table.interval for land in table.lands}
        before = table.last_wait - table.interval
        for line in order:
            wait = table.waits[line]
            for cycle in range(before + 1, wait + 1):
                if cycle % table.interval not in rounds:
                    self.mark("takes", cycle)
                    self.mark("input", cycle, line)
                    self.mark("opens", cycle, int(line == order[0]))
                    self.mark("leaves", cycle, int(line == order[-1]))
                    self.slot("write", cycle, line, 0)
            self.mark("waits", wait)
            before = wait
        self.mark("enters", before)
        self.mark("loads", min(table.waits))

    def step(self, cycle: int) -> int:
        """The step in which something happens."""
        return (cycle - self.start - 1) % self.table.interval + 1

    def mark(self, name: str, cycle: int, value: int = 1) -> None:
        column = self.columns.setdefault(name, [0] * (self.table.interval + 1))
        column[self.step(cycle)] = value

    def slot(self, name: str, cycle: int, line: int, age: int) -> None:
        """The slot of a number of a tick, as seen from the tick that the base is at."""
        step = self.step(cycle)
        ticks = (cycle - self.start - step) // self.table.interval
        moved = ticks + (step == self.table.interval)
        slot = self.slots[line]
        assert slot is not None
        self.mark(name, cycle, (slot + age + moved) % self.words)

    def started(self, name: str, column: list[int]) -> tuple[int, ...]:
        """A column with step 0, in which all words become the sum, 0, each before it is read."""
        if name in ("coefficient", "factor", "minus", "first", "constant"):
            return (column[-1], *column[1:])
        return (int(name in ("read", "rounds")), *column[1:])

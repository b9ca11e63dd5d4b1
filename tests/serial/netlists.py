"""Strategies for sums of products, and the netlists that compute them."""

from __future__ import annotations

from hypothesis import strategies as st

from catgrad.circuit import Format, Netlist, NetlistBuilder
from catgrad.serial.sums import Past, Post, Sum, Sums, Term

COEFFICIENTS = st.integers(-(1 << 9), 1 << 9) | st.sampled_from([0, 1, -1, 1 << 12])


@st.composite
def formats(draw: st.DrawFn) -> Format:
    """2 to 12 bits, mostly with a sign."""
    return Format(draw(st.integers(2, 12)), draw(st.integers(0, 4)) > 0)


@st.composite
def sums(draw: st.DrawFn, most_parameters: int = 3) -> Sums:
    """1 to 3 inputs, 1 to 4 sums of up to 6 products of numbers up to 4 ticks old."""
    inputs = tuple(draw(st.lists(formats(), min_size=1, max_size=3)))
    parameters = tuple(draw(st.lists(formats(), max_size=most_parameters)))
    gain = draw(st.sampled_from([1, 1, 4]))
    count = draw(st.integers(1, 4))
    found = []
    for k in range(count):
        # Of its own tick a sum reads inputs and the sums before it, of earlier ticks any.
        now = st.tuples(st.integers(0, len(inputs) + k - 1), st.just(0))
        past = st.tuples(st.integers(0, len(inputs) + count - 1), st.integers(1, 4))
        terms: dict[tuple[Past, int | None], int] = {}
        for number in draw(st.lists(now | past, max_size=6)):
            use = st.none() if not parameters else st.none() | st.integers(0, len(parameters) - 1)
            parameter = draw(use)
            power = st.sampled_from([gain, -gain])
            terms[Past(*number), parameter] = draw(COEFFICIENTS if parameter is None else power)
        saturates = draw(st.booleans())
        post = Post(draw(st.integers(0, 10)), draw(formats()), saturates, saturates)
        listed = tuple(Term(c, number, parameter) for (number, parameter), c in terms.items())
        found.append(Sum(listed, draw(st.integers(-600, 600)), post))
    shown = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=3))
    outputs = tuple(found[k].post.format for k in shown)
    return Sums(inputs, parameters, tuple(found), tuple(shown), outputs)


def netlist_of(sums: Sums) -> Netlist:
    """The sums as a netlist with the ports of a transducer, each line of the past as its state."""
    b = NetlistBuilder()
    parameters = b.input("parameters", sums.parameters)
    kept = [(line, age) for line, ages in enumerate(sums.ages) for age in range(1, ages + 1)]
    state = b.input("state", [sums.formats[line] for line, _ in kept])
    x = b.input("x", sums.inputs)
    nets = {(line, 0): int(net) for line, net in enumerate(x)}
    nets |= {key: int(net) for key, net in zip(kept, state, strict=True)}
    overflows = []
    for k, s in enumerate(sums.sums):
        total = b.const(s.constant)
        for coefficient, number, parameter in s.terms:
            product = b.mul(nets[number], b.const(coefficient))
            if parameter is not None:
                product = b.mul(product, int(parameters[parameter]))
            total = b.add(total, product)
        exact = b.shr(total, s.post.shift)
        fit = b.saturate if s.post.saturates else b.wrap
        nets[len(x) + k, 0] = int(fit(exact, s.post.format))
        if s.post.counted:
            overflows.append(b.gt(b.const(1), b.fits(exact, s.post.format)))
    count = b.const(0)
    for overflow in overflows:
        count = b.add(count, overflow)
    b.output("prediction", [nets[len(x) + k, 0] for k in sums.predictions], sums.outputs)
    formats = [sums.formats[line] for line, _ in kept]
    b.output("state", [nets[line, age - 1] for line, age in kept], formats)
    b.output("forward_saturations", [int(count)], [Format(4, False)])
    b.output("learning_saturations", [int(b.const(0))], [Format(1, False)])
    return b.build()

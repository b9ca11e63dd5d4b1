"""What the kinds of cells mean, in plain Python integers, a cell at a time."""

from collections.abc import Mapping, Sequence

from catgrad.circuit import Format, Kind, Netlist


def interpret(netlist: Netlist, inputs: Mapping[str, Sequence[int]]) -> list[int]:
    """The value of every net, for one sample."""
    values = [0] * len(netlist)
    for port in netlist.inputs:
        for net, value in zip(port.nets.tolist(), inputs[port.name], strict=True):
            values[net] = value
    for net in range(len(netlist)):
        kind = Kind(netlist.kind[net])
        if kind is not Kind.INPUT:
            args = [values[arg] for arg in netlist.args[net].tolist() if arg >= 0]
            values[net] = result(netlist, kind, int(netlist.value[net]), netlist.format(net), args)
    return values


def result(netlist: Netlist, kind: Kind, n: int, format: Format, args: Sequence[int]) -> int:
    """The result of one cell."""
    match kind, args:
        case Kind.CONST, []:
            return n
        case Kind.ADD, [a, b]:
            return a + b
        case Kind.SUB, [a, b]:
            return a - b
        case Kind.MUL, [a, b]:
            return a * b
        case Kind.SHL, [a]:
            return a * 2**n
        case Kind.SHR, [a]:
            return a // 2**n
        case Kind.GT, [a, b]:
            return int(a > b)
        case Kind.MUX, [c, a, b]:
            return a if c == 1 else b
        case Kind.SATURATE, [a]:
            return max(format.min, min(format.max, a))
        case Kind.WRAP, [a]:
            return (a - format.min) % 2**format.width + format.min
        case Kind.FITS, [a]:
            asked = Format(n // 2, n % 2 == 1)
            return int(asked.min <= a <= asked.max)
        case Kind.LOOKUP, [a]:
            entries = netlist.tables[n]
            return entries[a % len(entries)]
    raise AssertionError(f"{kind} of {args}")

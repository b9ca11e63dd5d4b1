"""What a transducer asks of its netlist and of its initial parameters."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index

import numpy as np

from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Netlist
from catgrad.errors import CatgradError

INPUTS = ("parameters", "state", "x", "y")
OUTPUTS = ("prediction", "parameters", "state", "forward_saturations", "learning_saturations")
COUNTS = ("forward_saturations", "learning_saturations")


def check_ports(netlist: Netlist, queues: bool = False) -> None:
    """CatgradError unless the ports of the netlist are those that a transducer can connect.

    With `queues` there may be a port `late` both ways as well.
    """
    late = ("late",) if queues else ()
    inputs = {port.name: port.formats for port in netlist.inputs}
    outputs = {port.name: port.formats for port in netlist.outputs}
    for side, ports, known in (
        ("input", inputs, (*INPUTS, *late)),
        ("output", outputs, (*OUTPUTS, *late)),
    ):
        for name in ports:
            if name not in known:
                raise CatgradError(
                    f"A transducer has no use for {side} port {name}; its {side} ports are "
                    f"{', '.join(known)}."
                )
    for side, ports, name in (("input", inputs, "x"), ("output", outputs, "prediction")):
        if not ports.get(name):
            raise CatgradError(
                f"A transducer needs {side} port {name} with at least one net, but the netlist is "
                f"{netlist}."
            )
    for name in COUNTS:
        if name in outputs and (len(outputs[name]) != 1 or outputs[name][0].signed):
            raise CatgradError(
                f"Output port {name} has formats {_show(outputs[name])}, but it is a count; "
                f"give it one unsigned net."
            )
    _check_independence(netlist)
    for name in ("parameters", "state"):
        if name in outputs:
            _check_next(name, inputs.get(name, ()), outputs[name])
    if inputs.get("state") and "state" not in outputs:
        raise CatgradError(
            f"The netlist reads {len(inputs['state'])} numbers of state but computes none; give it "
            f"an output port state."
        )


def check_initial(
    initial: Sequence[int] | None, formats: tuple[Format, ...], name: str = "parameter"
) -> tuple[int, ...]:
    """The initial parameters, zeros if None; CatgradError if they do not fit the formats.

    `name` is what an error calls one of them.
    """
    if initial is None:
        return (0,) * len(formats)
    values = tuple(index(value) for value in initial)
    if len(values) != len(formats):
        raise CatgradError(
            f"There are {len(values)} initial {name}s, but the netlist has {len(formats)}; "
            f"give one for each."
        )
    for i, (value, format) in enumerate(zip(values, formats, strict=True)):
        if not format.min <= value <= format.max:
            raise CatgradError(
                f"Initial {name} {i} is {value}, but its format {format} holds {format.min} to "
                f"{format.max}; give it a value in that range, or a wider format."
            )
    return values


def _check_independence(netlist: Netlist) -> None:
    depends = np.zeros(len(netlist), dtype=np.bool_)
    for port in netlist.inputs:
        if port.name == "y":
            depends[port.nets] = True
    for kind, cells in netlist.groups:
        if kind.operands:
            depends[cells] = depends[netlist.args[cells, : kind.operands]].any(axis=1)
    for port in netlist.outputs:
        if port.name in ("prediction", "state", "forward_saturations") and depends[port.nets].any():
            raise CatgradError(
                f"Element {int(np.argmax(depends[port.nets]))} of output port {port.name} depends "
                f"on y, which a sample without training does not have; compute it from x and the "
                f"parameters alone."
            )


def _check_next(name: str, now: tuple[Format, ...], after: tuple[Format, ...]) -> None:
    if len(now) != len(after):
        numbers = {"parameters": "parameters", "state": "numbers of state"}[name]
        raise CatgradError(
            f"The netlist reads {len(now)} {numbers} but computes {len(after)} new ones; "
            f"make the two ports {name} equally long."
        )
    for i, (format, new) in enumerate(zip(now, after, strict=True)):
        if format != new:
            number = {"parameters": "Parameter", "state": "State"}[name]
            raise CatgradError(
                f"{number} {i} has format {format} but its new value has {new}; requantise the "
                f"new value to {format}."
            )


def _show(formats: Sequence[Format]) -> str:
    return f"[{', '.join(map(str, formats))}]"

"""Components as Verilog text."""

from __future__ import annotations

import gc
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.back import verilog as backend
from amaranth.lib import wiring

from catgrad.errors import CatgradError
from catgrad.hdl.keywords import KEYWORDS

LINT = {
    "WIDTHEXPAND": "Operands of +, - and comparisons may be narrower than the result. The language "
    "extends them, as is meant; Yosys writes them like that even where Amaranth extends them.",
    "CASEOVERLAP": "An if after an if is written as a case, whose conditions are tried in order.",
    "DECLFILENAME": "Submodules are in the file of the module that contains them.",
}
"""What Verilator is told not to warn of, and the reason."""


def verilog(component: wiring.Component, name: str) -> str:
    """The component as one Verilog-2005 module of this name; save it as `<name>.v`.

    The same component gives the same text, in which no tool has left its name. A member `x` of the
    component is the port `x`, a member of a stream is `x__payload`, `x__valid` or `x__ready`; `clk`
    and `rst` (synchronous) are added.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise CatgradError(
            f"{name!r} cannot name a Verilog module; use letters, digits and underscores, "
            f"beginning with a letter."
        )
    if name in KEYWORDS:
        raise CatgradError(
            f"{name} is a keyword of Verilog and cannot name a module; choose another name, such "
            f"as {name}_module."
        )
    # Amaranth would prefer whatever Yosys the machine has, and the text would depend on it.
    os.environ.setdefault("AMARANTH_USE_YOSYS", "builtin")
    with _without_collection():
        text = backend.convert(component, name, emit_src=False, strip_internal_attrs=True)
    # Not every tool reads a module's name with a dot in it.
    text = re.sub(
        rf"\\{name}\.(\S+) ", lambda found: f"{name}__{found[1].replace('.', '__')} ", text
    )
    text = _ONCE.sub("at_start", text)
    _generator, *modules = re.split(r"^(?=module )", text, flags=re.MULTILINE)
    allowed = ["WIDTHEXPAND"]
    allowed += ["CASEOVERLAP"] if "casez" in text else []
    allowed += ["DECLFILENAME"] if len(modules) > 1 else []
    ports = ["clk", "rst"]
    ports += ["__".join(map(str, path)) for path, *_ in component.signature.flatten(component)]
    modules = [_ordered(text, name, ports) for text in modules]
    return "".join(
        [f"/* verilator lint_off {lint} */ // {LINT[lint]}\n" for lint in allowed]
        + [_tidy(module) for module in modules]
        + [f"/* verilator lint_on {lint} */\n" for lint in allowed]
    )


@contextmanager
def _without_collection() -> Iterator[None]:
    """Leave garbage alone: a large design is millions of objects, nearly all of them alive."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _ordered(text: str, top: str, ports: list[str]) -> str:
    """The text of one module; if it is the top one, with its ports in the order of the component.

    Yosys lists inputs before outputs, in an order that changes with what is inside.
    """
    head, body = text.split(");", 1)
    name, listed = head.split("(", 1)
    if name != f"module {top}":
        return text
    names = sorted(re.findall(r"\w+", listed), key=ports.index)
    return f"{name}(\n" + ",\n".join(f"  {port}" for port in names) + f"\n);{body}"


def _tidy(text: str) -> str:
    """The text of one module without what lint would rightly object to.

    - Amaranth names each element of a payload and each alias of a signal. Wires that nothing reads
      go, but for those that say that they are unused.
    - Yosys gives a register its power-up value in its declaration, where Verilator's PROCASSINIT
      expects no variable that a process writes, and where SystemVerilog sets it before any process
      runs, which no `always @*` notices; an `initial` statement means the same.
    - Yosys compares with 0 by a logical negation, for which Verilator wants a single bit.
    """
    lines = text.split("\n")
    dead = _unread(lines)
    tidied: list[str] = []
    for line in lines:
        written = _WIRE.match(line) or _ASSIGNMENT.match(line)
        if written and written["name"] in dead:
            while _ATTRIBUTE.match(tidied[-1]):
                tidied.pop()
        else:
            line = _IS_ZERO.sub(r"\g<start>~| \g<operand>;", line)
            tidied.append(
                _REGISTER.sub(r"  reg \g<range>\g<name>;\n  initial \g<name> = \g<value>;", line)
            )
    return "\n".join(tidied)


def _unread(lines: list[str]) -> set[str]:
    """The wires that nothing reads, or only such wires."""
    wires = {match["name"] for match in map(_WIRE.match, lines) if match}
    assignments = [match for match in map(_ASSIGNMENT.match, lines) if match]
    reads = Counter(name for line in lines for name in _NAME.findall(line))
    reads.subtract(wires)
    reads.subtract(match["name"] for match in assignments)
    sources: dict[str, list[str]] = {}
    for match in assignments:  # One wire may have several, each of some of its bits.
        sources.setdefault(match["name"], []).extend(_NAME.findall(match["value"]))
    unread: set[str] = set()
    pending = [name for name in wires if reads[name] == 0 and "unused" not in name]
    while pending:
        unread.add(name := pending.pop())
        for source in sources.get(name, ()):
            reads[source] -= 1
            if reads[source] == 0 and source in wires:
                pending.append(source)
    return unread


# Yosys has simulators run each `always @*` once at the start, by a signal named after its own code.
_ONCE = re.compile(r"\\\$auto\$verilog_backend\.cc:\d+:dump_module\$\d+ ")
_NAME = re.compile(r"\\\S+ |(?<![\w'$.])[A-Za-z_][\w$]*")
_IDENTIFIER = rf"(?P<name>{_NAME.pattern})"
_RANGE = r"(?P<range>(?:\[-?\d+:\d+\] )?)"
_WIRE = re.compile(rf"  wire {_RANGE}{_IDENTIFIER};")
_ASSIGNMENT = re.compile(rf"  assign {_IDENTIFIER} ?(?:\[[\d:]+\] ?)?= (?P<value>.*);")
_ATTRIBUTE = re.compile(r"  \(\*.*\*\)")
_IS_ZERO = re.compile(r"^(?P<start>  assign .* = )! (?P<operand>[\w\\$.]+ ?(?:\[[\d:]+\])?);$")
_REGISTER = re.compile(rf"  reg {_RANGE}{_IDENTIFIER} ?= (?P<value>\d+'[dh][0-9a-f]+|0);")

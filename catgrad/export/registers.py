"""The register map of a core, for people and for C."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from textwrap import wrap

import numpy as np

from catgrad.errors import CatgradError
from catgrad.export.description import Array, Description
from catgrad.hdl.bus.core import register_map
from catgrad.hdl.bus.map import IDENTITY, REVISION, RegisterMap


def map_of(core: Description) -> RegisterMap:
    """What is where."""
    return register_map(core.component, core.options.streams)


def parameter_addresses(core: Description) -> Iterator[tuple[Array, list[int]]]:
    """The byte address of each number of each parameter, row by row; those of channel 0."""
    map, start = map_of(core), 0
    places = core.parameter_places
    for array in core.parameters:
        own = places[start : start + array.type.size]
        yield array, [map.address(place) for place in own]
        start += array.type.size


def channel_bytes(core: Description) -> int:
    """From the parameters of one channel to those of the next, in bytes."""
    return map_of(core).stride * sum(array.type.size for array in core.parameters)


def register_page(core: Description) -> str:
    """The text of `<name>_registers.md`."""
    map = map_of(core)
    bus = {"axi-lite": "AXI4-Lite", "wishbone": "Wishbone B4, classic cycles"}
    lines = [
        f"# Registers of {core.name}",
        "",
        (
            f"{bus[str(core.options.registers)]}, 32 data bits, byte addresses of {map.bits} bits: "
            f"the base of the core is a multiple of {1 << map.bits:#x}. All registers are words of "
            f"4 bytes."
        ),
        "",
        "| address | name | access | meaning |",
        "|---|---|---|---|",
    ]
    for register in map.registers:
        lines.append(
            f"| {register.address:#06x} | {register.name} | {register.access} | "
            f"{register.meaning} |"
        )
        lines += [
            f"| | {register.name}.{field.name} | {_bits(field.low, field.bits)} | {field.meaning} |"
            for field in register.fields
            if field.name != "LOADING" or map.address_bits is not None
        ]
    lines += [
        "",
        "Other bits read 0 and are not written.",
        "",
        f"DIGEST of this core is `{core.digest:#010x}`, REVISION is {REVISION}.",
        "",
        *_parameters(core, map),
        "## Accesses",
        "",
        *(f"- {rule}" for rule in _rules(core)),
    ]
    return "\n".join(lines) + "\n"


def _parameters(core: Description, map: RegisterMap) -> list[str]:
    """Where they are, what a word of them is, and when it counts."""
    if not core.parameters:
        return ["It has no parameters.", ""]
    lines = [
        "## Parameters",
        "",
        (
            f"Each takes {map.stride} bytes: its {_words(map)}, extended by its sign. A write "
            f"takes the low {map.value_bits} bits, whatever is above them, so that a number out of "
            f"range wraps. It is read and written while the core runs: a write takes effect before "
            f"the next sample, and a read waits until no sample is inside."
        ),
        "",
        "| parameter | format | numbers | addresses |",
        "|---|---|---|---|",
    ]
    for array, addresses in parameter_addresses(core):
        lines.append(
            f"| {array.name} | {array.type} | {len(addresses)} | {_described(addresses)} |"
        )
    if core.channels > 1:
        lines += [
            "",
            (
                f"These are the addresses of channel 0. There are {core.channels} channels, "
                f"learners that take turns: sample n after a reset is of channel n modulo "
                f"{core.channels}. The parameters of channel c are {channel_bytes(core):#x} c "
                f"bytes further on."
            ),
        ]
    return [*lines, ""]


def _rules(core: Description) -> list[str]:
    """What becomes of an access that is not one of a whole word where there is one."""
    lite = core.options.registers == "axi-lite"
    error, strobe = ("SLVERR", "s_axil_wstrb") if lite else ("wb_err_o", "wb_sel_i")
    places = core.parameter_places
    switch = [f"CONTROL is written where `{strobe}` has byte 0."] if core.has("train") else []
    whole = [f"A parameter is written by whole words only, with all of `{strobe}`."]
    late = f"for a parameter that the core has no time for within {core.core().patience} cycles"
    refused = ["for an address at which nothing is", "for a write to what is only read"]
    refused += ["for a write of some bytes of a parameter", late] if places else []
    if places and map_of(core).words == 2:
        refused.append("for the second word of a parameter where its first was not just before it")
    sparse = len(places) <= max(places, default=-1)
    between = ["Addresses between parameters that are none read 0, and keep nothing."]
    return [
        "An access is of the word that contains its address: the low two bits do not count.",
        *switch,
        *(whole if places else []),
        f"A write of no byte, with `{strobe}` 0, does nothing and is no error.",
        f"`{error}` is the answer {', '.join(refused[:-1])} and {refused[-1]}: nothing is done.",
        *(between if sparse else []),
    ]


def _bits(low: int, count: int) -> str:
    return f"bit {low}" if count == 1 else f"bits {low + count - 1}..{low}"


def _words(map: RegisterMap) -> str:
    if map.words == 1:
        return f"{map.value_bits} bits"
    return f"{map.value_bits} bits in two words, the low one first; writing the second writes both"


def _step(addresses: list[int]) -> int | None:
    """The distance from each address to the next, if it is always the same."""
    steps = {int(step) for step in np.diff(addresses)}
    return steps.pop() if len(steps) == 1 else None


def _described(addresses: list[int]) -> str:
    step = _step(addresses)
    if len(addresses) == 1:
        return f"{addresses[0]:#06x}"
    if step is None:
        return "in the header, one by one"
    return f"{addresses[0]:#06x} + {step} i"


def header(core: Description) -> str:
    """The text of `<name>.h`: C99, nothing but the standard integers."""
    map, prefix = map_of(core), core.name.upper()
    guard = f"{prefix}_H_INCLUDED"
    lines = [
        f"/* Registers of {core.name}: addresses in bytes from its base.",
        " *",
        *(f" * {line}" for rule in _rules(core) for line in wrap(rule, 96)),
        " */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#include <stdint.h>",
        "",
    ]
    for register in map.registers:
        lines.append(f"#define {prefix}_{register.name} {register.address:#04x}u")
        lines += [
            f"#define {prefix}_{register.name}_{field.name} (1u << {field.low})"
            for field in register.fields
            if field.name != "LOADING" or map.address_bits is not None
        ]
    lines += [
        "",
        f"#define {prefix}_IDENTITY_VALUE {IDENTITY:#010x}u",
        f"#define {prefix}_REVISION_VALUE {REVISION}u",
        f"#define {prefix}_DIGEST_VALUE {core.digest:#010x}u",
        f"#define {prefix}_PARAMETERS_VALUE {len(core.parameter_places)}u",
    ]
    for array, addresses in parameter_addresses(core):
        name = array.name.upper()
        fixed = array.type.fixed
        worth = "(int32_t)word" if map.words == 1 else "(int64_t)(second word << 32 | first word)"
        lines += [
            "",
            f"/* {array}, row by row: {worth} / 2**{fixed.fraction} */",
            f"#define {prefix}_{name}_COUNT {len(addresses)}u",
            f"#define {prefix}_{name}_FRACTION {fixed.fraction}",
        ]
        step = _step(addresses) if len(addresses) > 1 else map.stride
        if step is not None:
            lines.append(f"#define {prefix}_{name}(i) ({addresses[0]:#x}u + {step}u * (i))")
        else:
            kind = "uint16_t" if max(addresses) < 1 << 16 else "uint32_t"
            table = f"{core.name}_{array.name}_address"
            lines.append(f"static const {kind} {table}[{len(addresses)}] = {{")
            rows = [addresses[i : i + 8] for i in range(0, len(addresses), 8)]
            lines += ["    " + " ".join(f"{address:#x}u," for address in row) for row in rows]
            lines += ["};", f"#define {prefix}_{name}(i) ({table}[i])"]
    if core.channels > 1:
        lines += [
            "",
            "/* Added to the address of a parameter: that of the same one of channel c. */",
            f"#define {prefix}_CHANNELS {core.channels}u",
            f"#define {prefix}_CHANNEL(c) ({channel_bytes(core):#x}u * (c))",
        ]
    base = "volatile uint32_t *base"
    reach = "base[address / 4]"
    lines += [
        "",
        f"static inline uint32_t {core.name}_read({base}, uint32_t address) {{",
        f"    return {reach};",
        "}",
        "",
        f"static inline void {core.name}_write({base}, uint32_t address, uint32_t value) {{",
        f"    {reach} = value;",
        "}",
        "",
        f"#endif /* {guard} */",
    ]
    for text, number in Counter(_DEFINED.findall("\n".join(lines))).items():
        if number > 1:
            raise CatgradError(
                f"The header {core.name}.h would define {text} twice, for a parameter and for a "
                f"register or another parameter; give the parameter another name, or leave "
                f"registers out."
            )
    return "\n".join(lines) + "\n"


_DEFINED = re.compile(r"^#define (\w+)", re.MULTILINE)

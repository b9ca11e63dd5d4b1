"""The page that an exported core brings along."""

from __future__ import annotations

from catgrad.export.description import Description
from catgrad.export.verilog import axi_lines, listed

COMMANDS = """\
## Check it

```sh
iverilog -g2005 -o {name}_tb.out {name}_tb.v {file} && vvp -n {name}_tb.out
verilator --binary --timing -Wno-fatal {name}_tb.v {file} && obj_dir/V{name}_tb
python test_{name}.py           # cocotb{extension}, beside reference.py, in Icarus Verilog
verilator --lint-only -Wall {file}
yosys -p 'read_verilog {name}.v; {synthesis} -top {name}'
fusesoc --cores-root . run --target sim ::{name}    # or lint, synth
```

The test bench in Verilog holds {samples} samples with their integers from `reference.py`; it stalls
all ports at random, has a budget of cycles, and ends with a status other than 0 if anything is
wrong. A Verilator from the Python package index was built without coroutines and wants
`MAKEFLAGS=CFG_CXXFLAGS_PCH_I=-include` and `-CFLAGS "-std=c++20 -fcoroutines"` as well.
"""


def readme(core: Description) -> str:
    """The text of `README.md`."""
    options = core.options
    registers = {
        "axi-lite": "AXI4-Lite registers",
        "wishbone": "Wishbone B4 registers, classic cycles",
    }
    ports = "AXI4-Stream" if options.streams == "axi" else "valid, ready and payload"
    behind = f", the rest is behind {registers[options.registers]}" if options.registers else ""
    lines = [
        f"# {core.name}",
        "",
        (
            f"A core that {'predicts and goes on learning' if core.learns else 'predicts'}: "
            f"samples travel by {ports}{behind}. It is one file, `{core.name}.v`, Verilog-2005, "
            f"and computes, bit for bit, the integers of `reference.py`."
        ),
        "",
        "## Numbers",
        "",
        (
            "`SQ(i,f)` are signed numbers of i + f bits, f of them after the binary point: an "
            "integer n is worth n / 2**f. `UQ(i,f)` have no sign."
        ),
        "",
        "| port | arrays, row by row | transfers a sample |",
        "|---|---|---|",
    ]
    lines += [
        f"| {stream} | {listed(core.arrays(stream))} | {core.transfers[stream]} |"
        for stream in core.streams
    ]
    if core.parameters:
        lines.append(f"| parameters | {listed(core.parameters)} | |")
    if options.streams == "axi":
        lines += ["", *axi_text(core)]
    component = core.component
    lines += [
        "",
        "## Time and size",
        "",
        (
            f"Latency {component.latency} cycles, from the cycle in which the last of x and y is "
            f"transferred to that in which a prediction is valid; one sample every "
            f"{component.interval} cycles, where nothing stalls."
        ),
        "",
        f"{core.summary}",
        "",
        "## Instance",
        "",
        "```verilog",
        *instance(core),
        "```",
        "",
        *([] if options.plain else ["Of the learner behind these ports:", ""]),
        *(f"{line}  " if line else "" for line in core.notes),
        "",
    ]
    if options.registers is not None:
        lines += [
            f"`{core.name}_registers.md` has the registers, and `{core.name}.h` the same for C.",
            "",
        ]
    extension = options.streams == "axi" or options.registers == "axi-lite"
    if core.family is not None:
        lines += [
            (
                f"`{core.name}.v` names multiplier blocks of {core.family}; `{core.simulated}` is "
                f"the same core for simulators, without them, with the same numbers in the same "
                f"cycles."
            ),
            "",
        ]
    return (
        "\n".join(lines)
        + "\n"
        + COMMANDS.format(
            name=core.name,
            file=core.simulated,
            synthesis=f"synth_{core.family or 'ice40'}",
            samples=len(core.vectors.train),
            extension=" and cocotbext-axi" if extension else "",
        )
    )


def axi_text(core: Description) -> list[str]:
    """How numbers lie in AXI4-Stream, in a list."""
    first, *streams, last = axi_lines(core)
    return [first, "", *(f"- {line.strip()}" for line in streams), "", last.strip()]


def instance(core: Description) -> list[str]:
    """A template of an instance."""
    width = max(len(port) for _, port, _ in core.ports)
    rows = [
        f"    .{port}({' ' * (width - len(port))}{port}){{}}  // {direction}"
        + (f" [{bits - 1}:0]" if bits > 1 else "")
        for direction, port, bits in core.ports
    ]
    rows = [row.format("," if i < len(rows) - 1 else "") for i, row in enumerate(rows)]
    return [f"{core.name} {core.name}_0 (", *rows, ");"]

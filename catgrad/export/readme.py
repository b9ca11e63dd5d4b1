"""The page that an exported core brings along."""

from __future__ import annotations

from catgrad.export.description import Description
from catgrad.export.verilog import axi_lines, listed
from catgrad.hypergraph.text import plural

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
wrong. Where `verilator` and `yosys` come from Python packages, type `verilator-cli` (of the package
`verilator`) and `catgrad-yosys` (of catgrad) for them; FuseSoC looks for the short names only, on
the PATH, where `verilator` must be no link to `verilator-cli`, which would call itself, but one to
`bin/verilator` in the folder of the package. A Verilator from the Python package index was built
without coroutines and wants `MAKEFLAGS=CFG_CXXFLAGS_PCH_I=-include` and
`-CFLAGS "-std=c++20 -fcoroutines"` as well.
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
            "integer n is worth n / 2**f. `UQ(i,f)` have no sign. The shape of an array is in "
            "brackets, `[]` that of a single number."
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
    lines += [
        "",
        "## Time and size",
        "",
        " ".join(time_text(core)),
        "",
        *summary(core),
        "",
        "## Instance",
        "",
        "```verilog",
        *instance(core),
        "```",
        "",
        # The arrays and their formats are in the table above.
        *(f"{line}  " for line in core.notes if not line.startswith(("  ", "SQ("))),
        "",
    ]
    if options.registers is not None:
        lines += [
            f"`{core.name}_registers.md` has the registers, and `{core.name}.h` the same for C.",
            "",
        ]
    extension = options.streams == "axi" or options.registers == "axi-lite"
    if core.blocks:
        lines += [
            (
                f"`{core.name}.v` names blocks of {core.family} ({', '.join(core.blocks)}); "
                f"`{core.simulated}` is the same core for simulators, without them, with the same "
                f"numbers in the same cycles."
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


def time_text(core: Description) -> list[str]:
    """Latency and interval, and what comes on top of them, in sentences."""
    latency, interval = (
        plural(n, "cycle") for n in (core.component.latency, core.component.interval)
    )
    axi, beat = core.options.streams == "axi", core.beat
    streams = [stream for stream in core.streams if stream != "prediction"]
    if beat is not None:
        begin = "a sample enters" if axi else "x is transferred"
    elif len(streams) > 1 or core.transfers["x"] > 1:
        begin = f"the last of {' and '.join(streams)} is transferred to an idle core"
    else:
        begin = "x is transferred to an idle core"
    often = "cycle" if interval == "1 cycle" else interval
    whole = (
        f"Latency {latency}, from the cycle in which {begin} to that in which its prediction is "
        f"valid; one sample every {often}, where nothing stalls."
    )
    sentences = [whole]
    waits = f"in one of {beat} cycles, for which it waits up to {plural((beat or 1) - 1, 'cycle')}"
    shared = beat is not None and beat > 1
    if beat is not None and axi:
        sentences.append("A sample enters with its transfer, or waits in a register until it can.")
        sentences += [f"It enters {waits}."] if shared else []
    elif shared:
        sentences.append(f"x is taken {waits}.")
    elif beat is None and (axi or core.has("busy")):
        sentences.append("A sample that is transferred while another is inside waits for it.")
    if beat is not None and core.has("y"):
        sentences.append(
            f"A sample that is learned from {'enters' if axi else 'is taken'} at the earliest "
            f"{plural(2 if shared else 1, 'cycle')} after its y was transferred."
        )
    return sentences


def summary(core: Description) -> list[str]:
    """What it consists of: a paragraph, and the parts of a machine below it."""
    whole, *parts = core.summary.split("\n")
    return [whole, "", "```text", *(part.strip() for part in parts), "```"] if parts else [whole]


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

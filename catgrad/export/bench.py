"""The test bench of a core, in plain Verilog: it checks itself against the reference's integers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catgrad.export.bus_tasks import axi_lite, plain, wishbone
from catgrad.export.description import Description
from catgrad.hdl.bus.map import register_address

STALL = 77
"""Of 256 cycles, those in which a port offers nothing, or takes nothing."""

MOST = 1024
"""How many parameters a bench compares, at even distances; it loads all of them."""

SEEDS = {"x": 123456789, "y": 362436069}
"""Where the random choices of a stream begin."""

HEAD = """\
// Checks {name} against integers that reference.py computed: streams samples with random gaps,
// takes predictions at random, compares every one of them, and then parameters and counters.
//   $ iverilog -g2005 -o {name}_tb.out {name}_tb.v {file} && vvp -n {name}_tb.out
//   $ verilator --binary --timing -Wno-fatal {name}_tb.v {file} && obj_dir/V{name}_tb
// It ends with a status other than 0 if anything is wrong, or takes more cycles than it may.
module {name}_tb;
  localparam STALL = {stall};  // of 256 cycles, in which a port offers nothing, or takes nothing
  localparam BUDGET = {budget};  // cycles
  localparam PREDICTIONS = {predictions};  // transfers

  reg clock = 0;
  always #5 clock = !clock;
  reg reset = 0;
  integer errors = 0;
  integer cycles = 0;

  // A xorshift generator (Marsaglia 2003), so that every simulator stalls in the same cycles.
  function [31:0] next;
    input [31:0] state;
    reg [31:0] mixed;
    begin
      mixed = state ^ (state << 13);
      mixed = mixed ^ (mixed >> 17);
      next = mixed ^ (mixed << 5);
    end
  endfunction
"""

SOURCE = """
  // {stream}: each transfer is offered from a random cycle on, until it is taken.
  reg [{high}:0] {stream}_words[0:{last}];
  reg [{high}:0] {stream}_data;
  reg {stream}_valid = 0;
{beside}  wire {stream}_ready;
  integer {stream}_next = 0;
  integer {stream}_limit = 0;
  reg [31:0] {stream}_noise = 32'd{seed};
  always @(posedge clock) begin
    {stream}_noise <= next({stream}_noise);
    if (!{stream}_valid || {stream}_ready) begin
      if ({stream}_next < {stream}_limit && {stream}_noise[7:0] >= STALL) begin
        {stream}_valid <= 1;
        {stream}_data <= {stream}_words[{stream}_next];
{offer}        {stream}_next <= {stream}_next + 1;
      end else begin
        {stream}_valid <= 0;
        {stream}_data <= {{{copies}{{{stream}_noise}}}};
      end
    end
  end
"""

SINK = """
  // prediction: taken at random; what is offered has to stay until it is taken.
  reg [{high}:0] prediction_words[0:PREDICTIONS-1];
  wire [{high}:0] prediction_data;
  wire prediction_valid;
{beside}  reg prediction_ready = 0;
  reg prediction_waits = 0;
  reg [{high}:0] prediction_before;
  integer prediction_count = 0;
  reg [31:0] prediction_noise = 32'd88675123;
  always @(posedge clock) begin
    prediction_noise <= next(prediction_noise);
    prediction_ready <= prediction_noise[7:0] >= STALL;
    prediction_waits <= prediction_valid && !prediction_ready && !reset;
    prediction_before <= prediction_data;
    if (prediction_waits && (!prediction_valid || prediction_data !== prediction_before)) begin
      $display("A prediction was withdrawn or changed before it was taken.");
      errors = errors + 1;
    end
    if (prediction_valid && prediction_ready && !reset) begin
      if (prediction_count >= PREDICTIONS) begin
        $display("There are more than %0d transfers of predictions.", PREDICTIONS);
        errors = errors + 1;
      end else if (prediction_data !== prediction_words[prediction_count]) begin
        $display("Transfer %0d of predictions is %h, not %h.", prediction_count,
                 prediction_data, prediction_words[prediction_count]);
        errors = errors + 1;
      end
{check}      prediction_count <= prediction_count + 1;
    end
  end
"""

LAST_CHECK = """\
      if (prediction_last !== (prediction_count % {transfers} == {end})) begin
        $display("tlast is %b in transfer %0d of predictions.", prediction_last, prediction_count);
        errors = errors + 1;
      end
"""

EXPECT = """
  task expect_value;
    input [{high}:0] found;
    input [{high}:0] wanted;
    input [8*24-1:0] what;
    input integer number;
    if (found !== wanted) begin
      $display("%0s %0d is %h, not %h.", what, number, found, wanted);
      errors = errors + 1;
    end
  endtask
"""

BUDGET = """
  always @(posedge clock) begin
    cycles <= cycles + 1;
    if (cycles > BUDGET) begin
      $display("Cycle budget spent: %0d of %0d transfers of predictions arrived.",
               prediction_count, PREDICTIONS);
      $fatal(1);
    end
  end
"""


def bench(core: Description) -> str:
    """The text of `<name>_tb.v`: Verilog-2005, but for `$fatal`, that needs no other file."""
    vectors, options = core.vectors, core.options
    words = {
        "x": core.words("x", vectors.x),
        "prediction": core.words("prediction", vectors.predictions),
    }
    if core.has("y"):
        words["y"] = core.words("y", vectors.y[vectors.train])
    parts = [
        HEAD.format(
            name=core.name,
            file=core.simulated,
            stall=STALL,
            budget=_budget(core, sum(map(len, words.values()))),
            predictions=len(words["prediction"]),
        )
    ]
    for stream in ("x", "y"):
        if stream in words:
            parts.append(_source(core, stream, len(words[stream])))
    parts.append(_sink(core))
    value_bits = len(core.component.load.payload.value) if core.has("load") else 1
    parts.append(EXPECT.format(high=max(32, value_bits) - 1))
    tasks = {None: plain, "axi-lite": axi_lite, "wishbone": wishbone}[options.registers]
    parts.append(tasks(core))
    parts.append(_instance(core))
    parts.append(BUDGET)
    parts.append(_main(core, words))
    return "".join(parts) + "endmodule\n"


def _source(core: Description, stream: str, count: int) -> str:
    high, transfers = core.bits(stream) - 1, core.transfers[stream]
    beside, offer = "", ""
    axi = core.options.streams == "axi"
    if axi:
        beside += f"  reg {stream}_last = 0;\n"
        end = f"{stream}_next % {transfers} == {transfers - 1}" if transfers > 1 else "1"
        offer += f"        {stream}_last <= {end};\n"
    if stream == "x" and core.has("train") and core.options.registers is None:
        beside += "  reg x_train = 0;\n  reg trains[0:" + f"{len(core.vectors.train) - 1}];\n"
        if transfers > 1:
            first = f"x_next % {transfers} == 0"
            offer += f"        x_train <= {first} ? trains[x_next / {transfers}] : x_noise[8];\n"
        else:
            offer += "        x_train <= trains[x_next];\n"
    return SOURCE.format(
        stream=stream,
        high=high,
        last=max(count - 1, 0),
        beside=beside,
        offer=offer,
        copies=high // 32 + 1,
        seed=SEEDS[stream],
    )


def _sink(core: Description) -> str:
    axi, transfers = core.options.streams == "axi", core.transfers["prediction"]
    check = LAST_CHECK.format(transfers=transfers, end=transfers - 1) if axi else ""
    return SINK.format(
        high=core.bits("prediction") - 1,
        beside="  wire prediction_last;\n" if axi else "",
        check=check,
    )


def _instance(core: Description) -> str:
    """The core, each of its ports connected by name."""
    pins = {
        "clk": "clock",
        "rst": "reset",
        "aclk": "clock",
        "aresetn": "!reset",
        "train": "x_train",
    }
    if core.options.streams == "axi":
        for stream in core.streams:
            prefix = "m_axis" if stream == "prediction" else "s_axis"
            for end in ("data", "valid", "ready", "last"):
                pins[f"{prefix}_{stream}_t{end}"] = f"{stream}_{end}"
        pins["s_axis_x_tuser"] = "x_train"
    else:
        for stream in core.streams:
            for port, end in (("payload", "data"), ("valid", "valid"), ("ready", "ready")):
                pins[f"{stream}__{port}"] = f"{stream}_{end}"
    wires, connections = [], []
    for direction, port, bits in core.ports:
        if port not in pins:
            pins[port] = port
            kind = "reg" if direction == "input" else "wire"
            wide = f"[{bits - 1}:0] " if bits > 1 else ""
            start = " = 0" if direction == "input" else ""
            wires.append(f"  {kind} {wide}{port}{start};\n")
        connections.append(f"    .{port}({pins[port]})")
    return (
        "\n" + "".join(wires) + f"\n  {core.name} core (\n" + ",\n".join(connections) + "\n  );\n"
    )


def _main(core: Description, words: dict[str, list[int]]) -> str:
    """What happens, in order."""
    vectors, places = core.vectors, core.parameter_places
    bits = len(core.component.load.payload.value) if core.has("load") else 1
    step = -(-len(places) // MOST) or 1
    initial = [int(value) for value in core.component.initial] * core.channels if places else []
    lines = ["", "  integer i;", "  initial begin"]
    for stream, own in words.items():
        wide = core.bits(stream)
        lines += [f"    {stream}_words[{i}] = {_hex(word, wide)};" for i, word in enumerate(own)]
    by_port = core.has("train") and core.options.registers is None
    if by_port:
        lines += [f"    trains[{i}] = {int(train)};" for i, train in enumerate(vectors.train)]
    # SystemVerilog sets what is declared with a value before any process runs, and what waits for a
    # change would not see one: so the reset begins with a change.
    lines += ["    #1 reset = 1;", "    repeat (4) @(negedge clock);", "    reset = 0;"]
    lines += ["    @(negedge clock);"]
    if core.options.registers is not None:
        lines.append("    check_identity;")
    for place, value in list(zip(places, initial, strict=True))[::step]:
        lines.append(f"    check_parameter({place}, {_signed(value, bits)});")
    for place, value in zip(places, vectors.before.tolist(), strict=True):
        lines.append(f"    load_parameter({place}, {_signed(value, bits)});")
    if core.has("y"):
        lines.append(f"    y_limit = {len(words['y'])};")
    for train, stop in _runs(vectors.train.tolist(), core.has("train") and not by_port):
        if core.has("train") and not by_port:
            lines.append(f"    write_register({register_address('CONTROL')}, {int(train)});")
        lines.append(f"    x_limit = {stop * core.transfers['x']};")
        arrived = stop * core.transfers["prediction"]
        lines.append(f"    while (prediction_count < {arrived}) @(negedge clock);")
    lines += ["    repeat (16) @(negedge clock);", "    await_rest;"]
    for place, value in list(zip(places, vectors.after.tolist(), strict=True))[::step]:
        lines.append(f"    check_parameter({place}, {_signed(value, bits)});")
    counters = (
        ("samples", len(vectors.train)),
        ("forward_saturations", vectors.forward_saturations),
        ("learning_saturations", vectors.learning_saturations),
    )
    for number, (name, value) in enumerate(counters):
        if core.options.registers is None:
            lines.append(f'    expect_value({name}, {value}, "counter", {number});')
        else:
            address = register_address(name.upper())
            lines.append(f'    check_register({address}, {value}, "counter");')
    lines += [
        "    if (errors != 0) begin",
        '      $display("%0d errors.", errors);',
        "      $fatal(1);",
        "    end",
        f'    $display("PASS: %0d samples in %0d cycles.", {len(vectors.train)}, cycles);',
        "    $finish;",
        "  end",
    ]
    return "\n".join(lines) + "\n"


def _runs(train: Sequence[bool], split: bool) -> Iterable[tuple[bool, int]]:
    """Where each stretch of samples with the same `train` ends; or all samples at once."""
    if not split:
        return [(True, len(train))]
    ends = [i for i in range(1, len(train)) if train[i] != train[i - 1]] + [len(train)]
    return [(train[end - 1], end) for end in ends]


def _budget(core: Description, moves: int) -> int:
    component, places = core.component, len(core.parameter_places)
    parameters = places + 2 * min(MOST, places)
    compute = (len(core.vectors.train) + 2) * (component.latency + component.interval + 64)
    return 4 * int(compute + 8 * moves + 32 * parameters) + 4096


def _hex(word: int, bits: int) -> str:
    return f"{bits}'h{word:x}"


def _signed(value: int, bits: int) -> str:
    return _hex(value & ((1 << bits) - 1), bits)

"""When the samples of an exported core move, in Icarus Verilog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catgrad.circuit.format import Integers
from catgrad.export.description import Description
from tests.export.tools import run

BENCH = """
module times;
  reg clock = 0, reset = 0;
  always #5 clock = !clock;
  integer cycle = 0;
  always @(posedge clock) cycle <= cycle + 1;
{streams}
  wire prediction_valid;
  reg train = 0;
  reg trains[0:{samples}-1];
  always @(posedge clock) if (prediction_valid && !reset) $display("prediction %0d", cycle);
  learner core ({pins});
  initial begin
{settings}
    #1 reset = 1;
    repeat (4) @(negedge clock);
    reset = 0;
    while (cycle < {end}) @(negedge clock);
    $finish;
  end
endmodule
"""

STREAM = """
  integer {name}_at[0:{count}-1];
  integer {name}_next = 0;
  reg {name}_valid = 0;
  wire {name}_ready;
  always @(posedge clock) begin
    if ({name}_valid && {name}_ready) $display("{name} %0d", cycle);
    if (!{name}_valid || {name}_ready) begin
      {name}_valid <= 0;
      if (!reset && {name}_next < {count} && cycle + 1 >= {name}_at[{name}_next]) begin
        $display("{name}_offered %0d", cycle + 1);
        {name}_valid <= 1;
        {name}_next <= {name}_next + 1;
{more}      end
    end
  end
"""


@dataclass(frozen=True)
class Offer:
    """A sample: from which cycles on its x and its y are offered, and whether it is learned from.

    An x or a y whose cycle is over follows the one before as soon as it can.
    """

    x: int
    y: int = 0
    train: bool = True


@dataclass(frozen=True, eq=False)
class Moves:
    """In which cycles things happened, of sample i at place i.

    - `offered`: its first x was offered, those before it having been taken
    - `x`, `y`: the last of its x, and of its y, was transferred; 0 for a y that there is not
    - `prediction`: the first of its prediction was valid, which is taken at once
    """

    offered: Integers
    x: Integers
    y: Integers
    prediction: Integers


def moves(core: Description, folder: Path, offers: Sequence[Offer]) -> Moves:
    """What a core without registers does with such samples; its Verilog is in the folder."""
    transfers = core.transfers
    learned = [offer for offer in offers if offer.train]
    at = {
        "x": [offer.x for offer in offers for _ in range(transfers["x"])],
        "y": [offer.y for offer in learned for _ in range(transfers.get("y", 0))],
    }
    names = [name for name in ("x", "y") if at[name]]
    train = f"        train <= trains[x_next / {transfers['x']}];\n"
    streams = [
        STREAM.format(name=name, count=len(at[name]), more=train if name == "x" else "")
        for name in names
    ]
    settings = [f"    {name}_at[{i}] = {c};" for name in names for i, c in enumerate(at[name])]
    settings += [f"    trains[{i}] = {int(offer.train)};" for i, offer in enumerate(offers)]
    pins = {port: f"{bits}'b0" for way, port, bits in core.ports if way == "input"}
    pins |= {"clk": "clock", "aclk": "clock", "rst": "reset", "aresetn": "!reset"}
    pins |= {"train": "train", "s_axis_x_tuser": "train"}
    pins |= {"prediction__ready": "1'b1", "m_axis_prediction_tready": "1'b1"}
    for name, end in (("x", "ready"), ("y", "ready"), ("prediction", "valid")):
        for port in (f"{name}__{end}", f"s_axis_{name}_t{end}", f"m_axis_{name}_t{end}"):
            pins[port] = f"{name}_{end}" if name in (*names, "prediction") else ""
    for name in names:
        pins[f"{name}__valid"] = pins[f"s_axis_{name}_tvalid"] = f"{name}_valid"
    text = BENCH.format(
        streams="".join(streams),
        samples=len(offers),
        pins=", ".join(f".{port}({pins.get(port, '')})" for _, port, _ in core.ports),
        settings="\n".join(settings),
        end=max(max(offer.x, offer.y) for offer in offers) + 4096,
    )
    (folder / "times.v").write_text(text)
    command = ["iverilog", "-g2005", "-s", "times", "-o", "times", "times.v", core.simulated]
    built = run(*command, folder=folder)
    assert built.returncode == 0, built.stdout
    said: dict[str, list[int]] = {}
    for line in run("vvp", "-n", "times", folder=folder).stdout.splitlines():
        name, cycle = line.split()
        said.setdefault(name, []).append(int(cycle))

    def last(name: str) -> list[int]:
        return said[name][transfers[name] - 1 :: transfers[name]] if name in names else []

    ys = iter(last("y"))
    return Moves(
        offered=np.array(said["x_offered"][:: transfers["x"]]),
        x=np.array(last("x")),
        y=np.array([next(ys, 0) if offer.train else 0 for offer in offers]),
        prediction=np.array(said["prediction"][:: transfers["prediction"]]),
    )

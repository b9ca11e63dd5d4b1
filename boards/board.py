"""What a board is: an FPGA with a clock and a serial port, and how much its FPGA holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from amaranth.build import TemplatedPlatform

from catgrad.hardware.schedules import BLOCKS, SpatialFamily
from catgrad.hdl.multiplier import Family as MultiplierFamily

ADDERS_FILE = Path(__file__).with_name("adders.v")


@dataclass(frozen=True)
class Resource:
    """One thing of which a device has a fixed number, such as its multipliers.

    `cells` says how many of them, or which part of one, each type of synthesised cell takes; a type
    stands for every type that begins like it, so that `SB_DFF` covers `SB_DFFESR`. `site` is the
    name under which nextpnr reports them, or None where it does not.
    """

    name: str
    cells: Mapping[str, float]
    site: str | None


@dataclass(frozen=True)
class Pair:
    """Two cells that share one place: a look-up table whose only reader is a flip-flop."""

    driver: str
    output: str
    reader: str
    input: str


@dataclass(frozen=True)
class Family:
    """A family of FPGAs: its tools, and what its synthesised cells are called.

    - `tools`: synthesis, place and route, and bitstream packer, as platforms name them.
    - `bitstream`: the suffix of the file to load.
    - `resources`: what its devices have a number of, the general logic first.
    - `before_synthesis`: Yosys commands that prepare a design for `synth_<family>`.
    - `after_synthesis`: Yosys commands for what `synth_<family>` leaves.
    - `pair`: which two cells of general logic fit in one place, or None.
    - `netlist`: what is added to a design's name for the file that synthesis leaves.
    - `delays`: the name under which `Spatial` knows its delays and multiplier blocks, or None.
    - `knows_clock`: whether what place and route says of the clock covers multipliers too.

    A family without `tools` needs those of its vendor: for its boards there are sources, and no
    bitstream.
    """

    name: str
    tools: tuple[str, ...]
    bitstream: str
    resources: tuple[Resource, ...]
    before_synthesis: str
    after_synthesis: str = ""
    pair: Pair | None = None
    netlist: str = ".json"
    delays: SpatialFamily | None = None
    knows_clock: bool = True


FTDI_BAUD = 1_000_000
"""What the USB adapters of FTDI divide their clock to exactly, as do FPGAs with whole megahertz."""


@dataclass(frozen=True)
class Board:
    """A board, as `boards.get` finds it.

    - `name`: how a user writes it; `title`: how its maker does.
    - `device`: how the FPGA is called in messages.
    - `platform`: makes the Amaranth platform. It knows the pins and the default clock.
    - `capacity`: how many of each resource of the family the device has.
    - `uart`: the platform resource with the pins `rx` and `tx`, as name and number.
    - `baud`: bits per second on the serial line.
    - `program`: the command that loads a bitstream, whose file comes last; a tool of the system.
    """

    name: str
    title: str
    device: str
    platform: Callable[[], TemplatedPlatform]
    family: Family
    capacity: Mapping[str, int]
    uart: tuple[str, int] = ("uart", 0)
    baud: int = 115_200
    program: tuple[str, ...] = ()

    @property
    def multipliers(self) -> MultiplierFamily | None:
        """The family of its multiplier blocks, if they are instantiated by name."""
        return BLOCKS[self.family.delays] if self.family.delays else None

    @property
    def clock_hz(self) -> float:
        """The frequency of the default clock, which runs the whole design."""
        return float(self.platform().default_clk_frequency)


# What a memory may not be asked for is known to its designer only, who says `no_rw_check`. Yosys
# looks for that where it builds the port of a memory itself, and Amaranth's come built.
PREPARE = """
proc
flatten
opt_expr
opt_clean
wreduce
opt_clean
memory_collect
setparam -set RD_COLLISION_X_MASK 1'1 t:$mem_v2 a:no_rw_check %i r:RD_CLK_ENABLE=1'1 %i
memory_unpack
"""

# Multipliers of at most 16 x 16 bits become SB_MAC16 as they are. `synth_ice40 -dsp` would pull in
# the registers and adders around them, and Yosys 0.70 loses the initial values of such registers,
# and behind three of them in a row it has lost all of the logic without an error.
ICE40_MULTIPLIERS = """
techmap -map +/mul2dsp.v -map +/ice40/dsp_map.v -D DSP_NAME=$__MUL16X16 \
    -D DSP_A_MAXWIDTH=16 -D DSP_B_MAXWIDTH=16 \
    -D DSP_A_MINWIDTH=2 -D DSP_B_MINWIDTH=2 -D DSP_Y_MINWIDTH=11
setattr -unset mul2dsp a:mul2dsp
opt_expr -fine
wreduce
chtype -set $mul t:$__soft_mul
"""

# Copies of a register are worth having because they are apart. Of registers that are alike Yosys
# keeps one, whatever is said of their wires.
COPIES = """
setattr -set keep 1 t:$*dff* a:keep %ci1 %i
"""

ADDERS = f"""
techmap -map {ADDERS_FILE.name}
"""

# Cells of ECP5 right away, so that both ends of a chain can be told apart, and be opened behind
# synthesis: see there.
ADDERS_ECP5 = f"""
opt_expr -fine
opt_clean
techmap -D ECP5 -map {ADDERS_FILE.name}
"""
OPEN_CHAINS = f"""
techmap -max_iter 1 -D ECP5_ENDS -D BEGINS -map {ADDERS_FILE.name} a:chain_begins=1
techmap -max_iter 1 -D ECP5_ENDS -map {ADDERS_FILE.name} a:chain_ends=1
"""

# Adders and registers that turn out to be alike only when they have become cells of the family, but
# for those that are to be kept.
MERGE_ICE40 = """
opt_merge -share_all t:SB_DFF* t:SB_CARRY %u a:keep %ci1 %d
opt_clean
"""
# A carry that goes into a register, and into nothing that takes it within its chain: nextpnr-ice40
# would lead it out through a cell of its own, and from there into another.
CARRIES_OUT = f"""
select -set carried t:SB_CARRY %co1:+SB_CARRY[CO] w:* %i
select -set on @carried %co1:+SB_CARRY,SB_LUT4 t:SB_CARRY t:SB_LUT4 %u %i %ci1:+[CI,I3] w:* %i
select -set kept @carried %co1 t:SB_DFF* %i %ci1:+[D] w:* %i @carried %i @on %d
techmap -max_iter 1 -D ICE40_ENDS -map {ADDERS_FILE.name} @kept %ci1:+SB_CARRY[CO] t:SB_CARRY %i
opt_clean
"""
MERGE_ECP5 = """
opt_merge -share_all t:TRELLIS_FF a:keep %ci1 %d
opt_clean
"""

ICE40 = Family(
    name="iCE40",
    tools=("yosys", "nextpnr-ice40", "icepack"),
    bitstream="bin",
    resources=(
        Resource("logic cells", {"SB_LUT4": 1, "SB_DFF": 1}, "ICESTORM_LC"),
        Resource("flip-flops", {"SB_DFF": 1}, None),
        Resource("multipliers", {"SB_MAC16": 1}, "ICESTORM_DSP"),
        Resource("block RAMs", {"SB_RAM40_4K": 1}, "ICESTORM_RAM"),
    ),
    pair=Pair("SB_LUT4", "O", "SB_DFF", "D"),
    delays="ice40up",
    before_synthesis=PREPARE + ICE40_MULTIPLIERS + ADDERS,
    after_synthesis=MERGE_ICE40 + CARRIES_OUT,
)

ICE40_HX = replace(ICE40, before_synthesis=PREPARE + ADDERS, delays="ice40hx")
"""Those of an iCE40 that have no multipliers, so that synthesis makes them of logic."""

ECP5 = Family(
    name="ECP5",
    tools=("yosys", "nextpnr-ecp5", "ecppack"),
    bitstream="bit",
    resources=(
        Resource("logic cells", {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}, "TRELLIS_COMB"),
        Resource("flip-flops", {"TRELLIS_FF": 1}, "TRELLIS_FF"),
        Resource("multipliers", {"MULT18X18D": 1}, "MULT18X18D"),
        Resource("block RAMs", {"DP16KD": 1}, "DP16KD"),
    ),
    before_synthesis=PREPARE + COPIES + ADDERS_ECP5,
    after_synthesis=MERGE_ECP5 + OPEN_CHAINS,
    delays="ecp5",
)

# What nextpnr says of a Gowin device leaves the multipliers out, so that no figure stands for it.
GOWIN = Family(
    name="Gowin",
    tools=("yosys", "nextpnr-himbaechel-gowin", "gowin_pack"),
    bitstream="fs",
    resources=(
        Resource("logic cells", {"LUT": 1, "ALU": 1, "RAM16S": 4}, None),
        Resource("flip-flops", {"DFF": 1}, "DFF"),
        Resource("multipliers", {"MULT9X9": 0.5, "MULT18X18": 1, "MULT36X36": 4}, None),
        Resource("block RAMs", {"SDP": 1, "DP": 1, "SP": 1, "pROM": 1}, "BSRAM"),
    ),
    before_synthesis=PREPARE + ADDERS,
    netlist=".syn.json",
    delays="gowin",
    knows_clock=False,
)

XILINX = Family(
    name="7 series",
    tools=(),
    bitstream="bit",
    resources=(
        Resource("logic cells", {}, None),
        Resource("flip-flops", {}, None),
        Resource("multipliers", {}, None),
        Resource("block RAMs", {}, None),
    ),
    before_synthesis="",
)

"""How a test bench in Verilog loads and reads parameters and counters."""

from __future__ import annotations

from catgrad.export.description import Description
from catgrad.hdl.bus.core import register_map
from catgrad.hdl.bus.map import IDENTITY, REVISION, register_address

# Everything here begins and ends at a falling edge of the clock, where inputs of the core change;
# what it answers counts at the rising edge.

PARAMETER_PORTS = """
  task load_parameter;
    input [{address}:0] place;
    input [{value}:0] number;
    begin
      load__payload = {{number, place}};
      load__valid = 1;
      @(posedge clock);
      while (!load__ready) @(posedge clock);
      @(negedge clock);
      load__valid = 0;
    end
  endtask

  task check_parameter;
    input [{address}:0] place;
    input [{value}:0] number;
    begin
      fetch__payload = place;
      fetch__valid = 1;
      @(posedge clock);
      while (!fetch__ready) @(posedge clock);
      @(negedge clock);
      fetch__valid = 0;
      fetched__ready = 1;
      @(posedge clock);
      while (!fetched__valid) @(posedge clock);
      expect_value(fetched__payload, number, "parameter", place);
      @(negedge clock);
      fetched__ready = 0;
    end
  endtask
"""

REST = """
  task await_rest;
    {wait};
  endtask
"""

AXI_LITE_BUS = """
  task write_word;
    input [{high}:0] address;
    input [31:0] number;
    reg address_taken, number_taken, done;
    begin
      s_axil_awaddr = address;
      s_axil_awvalid = 1;
      s_axil_wdata = number;
      s_axil_wstrb = 4'b1111;
      s_axil_wvalid = 1;
      s_axil_bready = 1;
      done = 0;
      while (!done) begin
        @(posedge clock);
        address_taken = s_axil_awready;
        number_taken = s_axil_wready;
        done = s_axil_bvalid;
        if (done && s_axil_bresp !== 0) begin
          $display("A write to %h was answered by %b.", address, s_axil_bresp);
          errors = errors + 1;
        end
        @(negedge clock);
        if (address_taken) s_axil_awvalid = 0;
        if (number_taken) s_axil_wvalid = 0;
      end
      s_axil_bready = 0;
    end
  endtask

  reg [31:0] word;
  task read_word;
    input [{high}:0] address;
    reg taken, done;
    begin
      s_axil_araddr = address;
      s_axil_arvalid = 1;
      s_axil_rready = 1;
      done = 0;
      while (!done) begin
        @(posedge clock);
        taken = s_axil_arready;
        done = s_axil_rvalid;
        word = s_axil_rdata;
        if (done && s_axil_rresp !== 0) begin
          $display("A read of %h was answered by %b.", address, s_axil_rresp);
          errors = errors + 1;
        end
        @(negedge clock);
        if (taken) s_axil_arvalid = 0;
      end
      s_axil_rready = 0;
    end
  endtask
"""

WISHBONE_BUS = """
  reg [31:0] word;
  task cycle;
    input write;
    input [{high}:0] address;
    input [31:0] number;
    begin
      wb_cyc_i = 1;
      wb_stb_i = 1;
      wb_we_i = write;
      wb_sel_i = 4'b1111;
      wb_adr_i = address;
      wb_dat_i = number;
      @(posedge clock);
      while (!wb_ack_o && !wb_err_o) @(posedge clock);
      word = wb_dat_o;
      if (wb_err_o) begin
        $display("The address %h was answered by an error.", address);
        errors = errors + 1;
      end
      @(negedge clock);
      wb_cyc_i = 0;
      wb_stb_i = 0;
    end
  endtask

  task write_word;
    input [{high}:0] address;
    input [31:0] number;
    cycle(1, address, number);
  endtask

  task read_word;
    input [{high}:0] address;
    cycle(0, address, 0);
  endtask
"""

REGISTERS = """
  task write_register;
    input [{high}:0] address;
    input [31:0] number;
    write_word(address, number);
  endtask

  task check_register;
    input [{high}:0] address;
    input [31:0] wanted;
    input [8*24-1:0] what;
    begin
      read_word(address);
      expect_value(word, wanted, what, address);
    end
  endtask

  task check_identity;
    begin
      check_register({identity}, 32'h{magic:x}, "identity");
      check_register({revision}, {number}, "revision");
      check_register({digest}, 32'h{own:x}, "digest");
      check_register({parameters}, {count}, "parameters");
    end
  endtask

  task await_rest;
    begin
      read_word({status});
      while (word[0]) read_word({status});
    end
  endtask
"""

PARAMETER_WORD = """
  task load_parameter;
    input integer place;
    input [{value}:0] number;
    write_word({window} + {stride} * place, number);
  endtask

  task check_parameter;
    input integer place;
    input [{value}:0] number;
    begin
      read_word({window} + {stride} * place);
      expect_value(word[{low_high}:0], number[{low_high}:0], "parameter", place);
    end
  endtask
"""

PARAMETER_WORDS = """
  task load_parameter;
    input integer place;
    input [{value}:0] number;
    begin
      write_word({window} + {stride} * place, number[31:0]);
      write_word({window} + {stride} * place + 4, number[{value}:32]);
    end
  endtask

  task check_parameter;
    input integer place;
    input [{value}:0] number;
    begin
      read_word({window} + {stride} * place);
      expect_value(word, number[31:0], "parameter", place);
      read_word({window} + {stride} * place + 4);
      expect_value(word[{rest}:0], number[{value}:32], "parameter", place);
    end
  endtask
"""


def plain(core: Description) -> str:
    """By the ports of the component."""
    text = ""
    if core.has("load"):
        load = core.component.load.payload
        text = PARAMETER_PORTS.format(address=len(load.address) - 1, value=len(load.value) - 1)
    wait = "while (busy) @(negedge clock)" if core.has("busy") else "@(negedge clock)"
    return text + REST.format(wait=wait)


def axi_lite(core: Description) -> str:
    """By AXI4-Lite."""
    return _registers(core, AXI_LITE_BUS)


def wishbone(core: Description) -> str:
    """By Wishbone."""
    return _registers(core, WISHBONE_BUS)


def _registers(core: Description, bus: str) -> str:
    map = register_map(core.component, core.options.streams)
    high, value = map.bits - 1, map.value_bits - 1
    names = ("identity", "revision", "digest", "parameters", "status")
    where = {name: register_address(name.upper()) for name in names}
    text = bus.format(high=high) + REGISTERS.format(
        high=high,
        magic=IDENTITY,
        number=REVISION,
        own=core.digest,
        count=len(core.parameter_places),
        **where,
    )
    if not core.has("load"):
        return text
    place = {"window": map.window, "stride": map.stride, "value": value}
    if map.words == 1:
        return text + PARAMETER_WORD.format(low_high=value, **place)
    return text + PARAMETER_WORDS.format(rest=value - 32, **place)

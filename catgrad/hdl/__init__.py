"""Hardware: netlists as Amaranth components that exchange streams, and their Verilog."""

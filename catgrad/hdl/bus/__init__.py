"""Learners behind standard buses: AXI4-Stream for samples, AXI4-Lite or Wishbone for the rest."""

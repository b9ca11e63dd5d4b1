"""A learner as a core for someone else's design: Verilog, test benches, register map, manifest."""

from catgrad.export.description import Array, Description, Vectors
from catgrad.export.options import Options
from catgrad.export.write import files, write_core

__all__ = ["Array", "Description", "Options", "Vectors", "files", "write_core"]

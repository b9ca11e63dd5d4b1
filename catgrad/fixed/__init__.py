"""Fixed point: formats, tables, and the functor that quantises bidirectional programs."""

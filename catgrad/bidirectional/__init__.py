"""B, the category of bidirectional programs: each operation knows its forward and reverse map."""

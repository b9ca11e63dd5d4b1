"""Operations that a pass replaces before a program runs: parameters and definitions."""

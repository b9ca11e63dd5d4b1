"""The `catgrad` command.

main.py     the command, its subcommands, and what becomes of errors
loading.py  the program that FILE:NAME names
levels.py   that program at each level of the compiler
draw.py     catgrad draw
"""

from catgrad.cli.main import main

__all__ = ["main"]

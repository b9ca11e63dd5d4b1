"""The `yosys` command, made from the `pyosys` package.

`pyosys` brings Yosys as a native library with its share folder and abc, but no command. Amaranth's
platforms, and most build scripts, want one. This is that command, with the options that they use:

    catgrad-yosys [-V] [-q] [-l LOG] [-s SCRIPT]... [-p COMMANDS]... [SCRIPT]...

An error inside Yosys ends the process that it runs in, with status 1, so Python programs start this
file as a process of its own.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run scripts, then commands, on one design. The exit status is 0, or 1 if Yosys fails."""
    options = _parse(arguments)
    from pyosys import libyosys

    if options.version:
        print(libyosys.yosys_maybe_version(), flush=True)
    if options.log or options.quiet:
        # Yosys writes to the standard output of the process, below Python's.
        log = os.open(options.log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(log, 1)
    design = libyosys.Design()
    for command in [f"script {script}" for script in options.scripts] + options.commands:
        libyosys.run_pass(command, design)
    return 0


def _parse(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog="catgrad-yosys", description="Yosys, from the pyosys package.")
    parser.add_argument("-V", dest="version", action="store_true", help="print the version")
    parser.add_argument("-q", dest="quiet", action="store_true", help="do not print the log")
    parser.add_argument("-l", dest="log", help="write the log to this file instead of printing it")
    parser.add_argument("-s", dest="scripts", action="append", default=[], help="run a script")
    parser.add_argument("-p", dest="commands", action="append", default=[], help="run commands")
    parser.add_argument("more", nargs="*", help="more scripts", metavar="SCRIPT")
    options = parser.parse_args(arguments)
    options.scripts += options.more
    return options


if __name__ == "__main__":
    sys.exit(main())

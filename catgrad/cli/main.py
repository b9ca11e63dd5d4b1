"""The command, its subcommands, and what becomes of errors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn

from rich.console import Console

from catgrad.cli import boards, build, doctor, draw, export, report, sim, train, watch
from catgrad.errors import CatgradError

SUBCOMMANDS = [build, sim, export, report, draw, boards, train, watch, doctor]
"""Modules with ``register(subparsers)``, which sets ``run(arguments) -> int`` as the default."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; `arguments` are those of the process unless given.

    Returns the exit status: 0, or 1 after an error of the user, which is one sentence on the
    standard error output. A wrong command line exits with status 2, as argparse does.
    """
    try:
        parsed = parser().parse_args(arguments)
        status: int = parsed.run(parsed)
    except CatgradError as error:
        return failed(str(error))
    except KeyboardInterrupt:
        return 130  # as shells do for an interrupted program, and 141 for one that nobody reads
    except BrokenPipeError:
        return 141
    except OSError as error:
        if error.filename is None or error.strerror is None:
            return failed(str(error) or type(error).__name__)
        return failed(f"{error.filename}: {error.strerror}; choose another place.")
    return status


def failed(sentence: str) -> int:
    """Print an error; returns the exit status."""
    console = Console(stderr=True)
    console.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    return 1


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    top = Parser(
        prog="catgrad",
        description="Compile models together with their learning rules.",
        epilog="catgrad COMMAND --help says more about a command.",
    )
    top.add_argument("--version", action="version", version=f"catgrad {version('catgrad')}")
    subparsers = top.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for module in SUBCOMMANDS:
        module.register(subparsers)
    return top


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence with the next step."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see {self.prog} --help.", file=sys.stderr)
        raise SystemExit(2)

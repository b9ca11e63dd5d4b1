"""``catgrad watch``: a run of `catgrad train`, seen from another terminal or in a browser."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from boards.watching.journal import beside
from boards.watching.server import Server
from boards.watching.state import Watcher
from catgrad.cli.compiling import suffixed
from catgrad.cli.live import View, add_serve, confusion_table
from catgrad.cli.output import print_json, say
from catgrad.errors import CatgradError

PERIOD_S = 0.25
"""How often a terminal is brought up to date."""

FOLDER = Path("build")
"""Where a run is looked for whose name is not given."""

EPILOG = """\
It only reads the files of the run, and can be started and stopped at any time. A page is served to
browsers of this computer, until Ctrl-C.

examples:
  catgrad watch
  catgrad watch build/digits.npz
  catgrad watch build/digits.npz --serve
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "watch",
        help="look at a run while it learns, or afterwards",
        description="Show a run of `catgrad train`: on the terminal, or as a page.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file",
        metavar="NPZ",
        nargs="?",
        help=f"the file of its checkpoints (that of the newest run in {FOLDER})",
    )
    add_serve(parser)
    parser.add_argument("--json", action="store_true", help="print the state of now as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show a run until it ends, or serve a page about it until Ctrl-C."""
    watcher = Watcher(found(arguments.file))
    state = watcher.state()
    if arguments.json:
        print_json(state.to_json())
    elif arguments.serve is not None:
        served(watcher, arguments.serve)
    else:
        with View() as view:
            view.show(state)
            while state.end is None:
                time.sleep(PERIOD_S)
                state = watcher.state()
                view.show(state)
        if state.confusion:
            say(confusion_table(state))
        say(f"The run is {state.end.how}.{f' {state.end.message}' if state.end.message else ''}")
    return 0


def found(name: str | None) -> Path:
    """The checkpoints of a run: those of this name, or of the run that was under way last."""
    if name is not None:
        return suffixed(name, ".npz")
    runs = sorted(FOLDER.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    if not runs:
        raise CatgradError(
            f"There is no run in {FOLDER}; start one with `catgrad train`, or name the .npz of its "
            f"checkpoints."
        )
    return runs[-1].with_suffix(".npz")


def served(watcher: Watcher, port: int) -> None:
    """Serve a page about a run until Ctrl-C."""
    server = Server(watcher, port)
    say(f"The page of {beside(watcher.checkpoint)} is at {server.url}; Ctrl-C ends it.")
    try:
        while True:
            time.sleep(3600)
    finally:
        server.close()

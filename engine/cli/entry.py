"""From the command line to a command, in an environment that can run it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from engine.cli.arguments import ROOT, parse_arguments
from engine.cli.bootstrap import BootstrapError, ensure_environment

INTERRUPTED = 130
"""Exit status, as shells report a process that Ctrl+C ended."""


def main(argv: Sequence[str]) -> int:
    """Run one command; return the exit status."""
    arguments = parse_arguments(argv)
    if not arguments.no_bootstrap:
        extras = ("dev",) if arguments.command == "test" else ()
        try:
            ensure_environment(ROOT, extras, argv)
        except BootstrapError as error:
            print(f"main.py: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("main.py: stopped; start again to continue the set-up", file=sys.stderr)
            return INTERRUPTED
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("main.py: stopped", file=sys.stderr)
        return INTERRUPTED


def _run(arguments: argparse.Namespace) -> int:
    # Imported here: what these modules need may have been installed a moment ago.
    match arguments.command:
        case "serve":
            from engine.cli.serve import serve_command

            return serve_command(arguments)
        case "run":
            from engine.cli.run import run_command

            return run_command(arguments)
        case "nodes":
            from engine.cli.nodes import nodes_command

            return nodes_command(arguments)
        case "check":
            from engine.cli.check import check_command

            return check_command(arguments)
        case _:
            from engine.cli.testing import test_command

            return test_command(ROOT, arguments.pytest)

"""The command line of `main.py`, standard library only: it is read before anything is installed."""

from __future__ import annotations

import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of every command."""
    parser = argparse.ArgumentParser(
        prog="main.py", description="Tessera: a node-based workflow engine for image generation."
    )
    parser.add_argument(
        "--no-bootstrap",
        action="store_true",
        help="use this Python as it is: install nothing, do not switch to .venv",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_run(commands)
    _add_nodes(commands)
    _add_test(commands)
    return parser


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="run a workflow file and save its pictures",
        description="Run a workflow without a server. Exits with 0 when every output was made.",
    )
    run.add_argument(
        "workflow",
        help="a workflow in either JSON format, or a picture that carries one; - reads stdin",
    )
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help='replace an input\'s value, for instance 3.seed=7 or 6.text="a red apple"; repeatable',
    )
    run.add_argument("--out", type=Path, metavar="DIR", help="where pictures go; default: output/")
    run.add_argument("--cpu", action="store_true", help="compute on the CPU")
    run.add_argument("--cuda-device", type=int, metavar="N", help="compute on this CUDA device")
    cache = run.add_mutually_exclusive_group()
    cache.add_argument("--cache-none", action="store_true", help="keep no results")
    cache.add_argument(
        "--cache-classic", action="store_true", help="keep only what the current prompt needs"
    )
    cache.add_argument("--cache-lru", type=_positive, metavar="N", help="keep the last N results")
    run.add_argument(
        "--disable-metadata", action="store_true", help="save pictures without the workflow inside"
    )
    run.add_argument(
        "--why", action="store_true", help="say for each node why it ran or was found in the cache"
    )
    run.add_argument("--verbose", action="store_true", help="show tracebacks of errors")
    _add_places(run)


def _add_nodes(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    nodes = commands.add_parser("nodes", help="list the node types, or print one's help")
    nodes.add_argument("name", nargs="?", help="a node type")
    nodes.add_argument("--verbose", action="store_true", help="show tracebacks of failed packs")
    _add_places(nodes)


def _add_test(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    test = commands.add_parser(
        "test",
        help="install what development needs, then check style and types and run all tests",
        description="Further arguments go to pytest, which then runs alone: main.py test -k cache",
    )
    test.add_argument("pytest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def _add_places(parser: argparse.ArgumentParser) -> None:
    places = parser.add_argument_group("places")
    places.add_argument(
        "--base-directory",
        type=Path,
        default=ROOT,
        metavar="DIR",
        help="holds models/, input/, output/, temp/, user/ and custom_nodes/",
    )
    for kind in ("input", "output", "temp", "user"):
        places.add_argument(f"--{kind}-directory", type=Path, metavar="DIR")
    places.add_argument(
        "--extra-model-paths-config",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="extra_model_paths.yaml files that name further model folders",
    )
    packs = parser.add_argument_group("packs")
    packs.add_argument("--disable-all-custom-nodes", action="store_true")
    packs.add_argument("--whitelist-custom-nodes", nargs="+", default=[], metavar="PACK")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {number}")
    return number

"""The command line of `main.py`, standard library only: it is read before anything is installed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_EVERY_ADDRESS = "0.0.0.0,::"


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; without a command the server is meant."""
    arguments = list(argv)
    place = 1 if arguments[:1] == ["--no-bootstrap"] else 0
    first = arguments[place] if place < len(arguments) else "--"
    if first.startswith("-") and first not in ("-h", "--help"):
        arguments.insert(place, "serve")
    return build_parser().parse_args(arguments)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of every command."""
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="Tessera: a node-based workflow engine for image generation.",
        epilog="Without a command the server starts; main.py serve --help lists its options.",
    )
    parser.add_argument(
        "--no-bootstrap",
        action="store_true",
        help="use this Python as it is: install nothing, do not switch to .venv",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_serve(commands)
    _add_run(commands)
    _add_nodes(commands)
    _add_check(commands)
    _add_test(commands)
    return parser


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = commands.add_parser(
        "serve",
        help="start the server; the same as no command",
        description="Start the server and open the editor in a browser.",
        allow_abbrev=False,
    )
    serve.add_argument("--no-bootstrap", action="store_true", default=argparse.SUPPRESS)
    _add_network(serve.add_argument_group("network"))
    serve.add_argument("--cpu", action="store_true", help="compute on the CPU")
    serve.add_argument("--cuda-device", type=int, metavar="N", help="compute on this CUDA device")
    _add_cache(serve)
    serve.add_argument(
        "--preview-method",
        choices=("none", "auto", "latent2rgb", "taesd"),
        help="how pictures of work in progress are made; none: for nobody, without this option:"
        " for whoever asks, as the editor does",
    )
    serve.add_argument(
        "--disable-metadata", action="store_true", help="save pictures without the workflow inside"
    )
    serve.add_argument(
        "--multi-user", action="store_true", help="keep settings and workflows of people apart"
    )
    serve.add_argument(
        "--front-end-root", type=Path, metavar="DIR", help="the editor's files; default: web/"
    )
    serve.add_argument("--no-browser", "--disable-auto-launch", action="store_true")
    serve.add_argument(
        "--quick-test-for-ci", action="store_true", help="start everything, then end"
    )
    serve.add_argument(
        "--verbose",
        nargs="?",
        const="DEBUG",
        default="INFO",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
        help="how much to log; without a level everything",
    )
    _add_places(serve)


def _add_network(network: argparse._ArgumentGroup) -> None:
    network.add_argument(
        "--listen",
        nargs="?",
        const=_EVERY_ADDRESS,
        default="127.0.0.1",
        metavar="ADDRESS",
        help="addresses to listen on, with commas between; without one all of this machine's",
    )
    network.add_argument("--port", type=int, default=8188)
    network.add_argument(
        "--token",
        help="what clients must show (12 characters or more); when others can reach the server"
        " and none is given, one is made and printed with the address",
    )
    network.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name the server is called by, for instance behind a proxy; repeatable",
    )
    network.add_argument(
        "--enable-cors-header",
        nargs="?",
        const="*",
        metavar="ORIGIN",
        help="let pages of this origin use the server; without one pages of all, with a token",
    )
    network.add_argument("--tls-keyfile", type=Path, metavar="FILE")
    network.add_argument("--tls-certfile", type=Path, metavar="FILE")
    network.add_argument(
        "--max-upload-size", type=float, default=100, metavar="MB", help="default: 100"
    )


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
    _add_cache(run)
    run.add_argument(
        "--disable-metadata", action="store_true", help="save pictures without the workflow inside"
    )
    run.add_argument(
        "--why", action="store_true", help="say for each node why it ran or was found in the cache"
    )
    run.add_argument("--verbose", action="store_true", help="show tracebacks of errors")
    _add_places(run)


def _add_cache(parser: argparse.ArgumentParser) -> None:
    cache = parser.add_mutually_exclusive_group()
    cache.add_argument("--cache-none", action="store_true", help="keep no results")
    cache.add_argument(
        "--cache-classic", action="store_true", help="keep only what the current prompt needs"
    )
    cache.add_argument("--cache-lru", type=_positive, metavar="N", help="keep the last N results")


def _add_nodes(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    nodes = commands.add_parser("nodes", help="list the node types, or print one's help")
    nodes.add_argument("name", nargs="?", help="a node type")
    nodes.add_argument("--verbose", action="store_true", help="show tracebacks of failed packs")
    _add_places(nodes)


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser(
        "check",
        help="say whether everything is in place: versions, devices, folders, models, packs",
        description="Exits with 1 when something is wrong.",
    )
    check.add_argument("--cpu", action="store_true", help="compute on the CPU")
    check.add_argument("--cuda-device", type=int, metavar="N", help="compute on this CUDA device")
    check.add_argument("--verbose", action="store_true", help="show tracebacks of failed packs")
    _add_places(check)


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

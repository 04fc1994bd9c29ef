"""`main.py run`: a workflow file becomes pictures, in this process, without a server."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import traceback
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from types import FrameType
from typing import Any, TextIO

from engine.cli.assignments import Assignment, assign
from engine.cli.compose import report_packs, settings_from
from engine.cli.entry import INTERRUPTED
from engine.cli.progress import RunDisplay
from engine.cli.terminal import prepare, say
from engine.cli.workflow_source import read_source
from engine.errors import EngineError
from engine.execution.context import CancelToken
from engine.execution.runner import RunRequest, RunResult
from engine.graph.api_format import write_api
from engine.graph.canvas import graph_to_canvas, set_widget_values, write_canvas
from engine.graph.input_checks import ValidationError
from engine.graph.model import Graph
from engine.graph.reading import Reading, read_workflow
from engine.graph.validate import Validation, validate
from engine.registry.registry import Registry
from engine.workers.compose import Engine, composed


def run_command(arguments: argparse.Namespace) -> int:
    """Run one workflow; return the exit status."""
    prepare(verbose=arguments.verbose)
    results = sys.stdout
    try:
        assignments = [Assignment.parse(text) for text in arguments.set]
        document = read_source(arguments.workflow)
        # What packs print is no result: standard output lists saved files only.
        with redirect_stdout(sys.stderr), composed(settings_from(arguments)) as engine:
            report_packs(engine.packs, verbose=arguments.verbose)
            return _run(engine, document, assignments, arguments, results)
    except EngineError as error:
        _fail(str(error))
        return 1


def _run(
    engine: Engine,
    document: Any,
    assignments: list[Assignment],
    arguments: argparse.Namespace,
    results: TextIO,
) -> int:
    reading = read_workflow(document, engine.registry, where=_name_of(arguments.workflow))
    for problem in reading.problems:
        say(f"Note: {problem}")
    graph = assign(reading.graph, assignments, engine.registry)
    validation = asyncio.run(validate(graph, engine.registry))
    for line in explain(validation, engine.registry):
        _fail(line)
    if validation.error is not None:
        return 1
    request = RunRequest(
        graph=validation.graph,
        outputs=validation.outputs,
        prompt_id=str(uuid.uuid4()),
        prompt=write_api(validation.graph),
        extra_data={"extra_pnginfo": {"workflow": _canvas(engine, reading, graph)}},
    )
    cancel = CancelToken()
    with (
        _stopped_by_ctrl_c(cancel),
        RunDisplay(
            validation.graph, engine.registry.folders, results, why=arguments.why
        ) as display,
    ):
        result = asyncio.run(engine.runner.run(request, display.show, cancel))
    return _report(result, verbose=arguments.verbose, complete=not validation.node_errors)


def explain(validation: Validation, registry: Registry) -> Iterator[str]:
    """List what keeps nodes from running, a line each."""
    for node_id, found in validation.node_errors.items():
        for error in found["errors"]:
            details = f" ({error['details']})" if error["details"] else ""
            hint = _where_to_put(error, found["class_type"], registry)
            yield f"{found['class_type']} #{node_id}: {error['message']}{details}{hint}"
    if validation.error is not None and not validation.node_errors:
        details = f": {validation.error['details']}" if validation.error["details"] else ""
        yield f"{validation.error['message']}{details}"


def _where_to_put(error: ValidationError, type_id: str, registry: Registry) -> str:
    """Say where a file belongs that a menu does not list; "" for other errors."""
    reads = registry[type_id].files
    if error["type"] != "value_not_in_list" or reads is None:
        return ""
    about = error["extra_info"]
    named = {about["input_name"]: about["received_value"]}
    places = [
        f"{key}/{name}" if key in ("input", "output", "temp") else f"models/{key}/{name}"
        for key, name in reads(named, registry.folders)
    ]
    return f". It was expected as {places[0]}" if places else ""


def _canvas(engine: Engine, reading: Reading, graph: Graph) -> Mapping[str, Any]:
    """Return the canvas workflow to embed: the artist's own, with the values that are run."""
    if reading.canvas is not None:
        changed = {
            node.id: {
                name: value
                for name, value in node.inputs.items()
                if reading.graph[node.id].inputs.get(name) != value
            }
            for node in graph.values()
        }
        edited = set_widget_values(reading.canvas, changed, engine.registry)
        if edited is not None:
            return write_canvas(edited)
    return write_canvas(graph_to_canvas(graph, engine.registry))


def _report(result: RunResult, *, verbose: bool, complete: bool) -> int:
    """Print saved files to standard output and errors to standard error; return the status."""
    if result.status == "interrupted":
        _fail("stopped")
        return INTERRUPTED
    if result.error is not None:
        _fail(str(result.error))
        if verbose:
            traceback.print_exception(result.error)
        return 1
    return 0 if complete else 1


@contextmanager
def _stopped_by_ctrl_c(cancel: CancelToken) -> Iterator[None]:
    """Let the first Ctrl+C stop the run within a step; a second one ends the process."""

    def stop(signal_number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say("Stopping at the next step …")
        cancel.cancel()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _name_of(argument: str) -> str:
    return "standard input" if argument == "-" else f'File "{argument}"'


def _fail(text: str) -> None:
    say(f"main.py run: {text}")

"""Reads a workflow of either format into a graph."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.errors import shorten
from engine.graph.api_format import parse_api
from engine.graph.canvas.convert import canvas_to_graph
from engine.graph.canvas.model import CanvasWorkflow
from engine.graph.canvas.read import parse_canvas
from engine.graph.errors import Problem, WorkflowFormatError
from engine.graph.json_input import check_json
from engine.graph.model import Graph
from engine.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Reading:
    """A workflow that was read.

    Attributes:
        canvas: The canvas workflow the graph was made of, or None for an API prompt.
        problems: What the artist should know; the graph is usable all the same.
    """

    graph: Graph
    problems: list[Problem]
    canvas: CanvasWorkflow | None


def detect_format(data: object) -> Literal["api", "canvas"] | None:
    """Tell a decoded file's format, or None when it is no workflow.

    An API prompt is an object whose values all have "class_type"; when only some have it, it is
    a damaged API prompt.
    """
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("nodes"), list):
        return "canvas"
    if not data or any(isinstance(v, dict) and "class_type" in v for v in data.values()):
        return "api"
    return None


def read_workflow(
    data: object,
    registry: Registry,
    *,
    where: str = "workflow",
    rng: random.Random | None = None,
    now: datetime | None = None,
) -> Reading:
    """Return the graph of a decoded file: API prompt, canvas workflow, or `{"prompt": …}`.

    Args:
        where: The file in words, for messages.
        rng, now: As `canvas_to_graph` takes them.

    Raises: WorkflowFormatError, when it is neither or malformed.
    """
    check_json(data, where)
    if isinstance(data, dict) and detect_format(data) is None:
        data = data.get("prompt", data)  # a queue request
    match detect_format(data):
        case "api":
            return Reading(parse_api(data, where), [], None)
        case "canvas":
            canvas = parse_canvas(data, where)
            conversion = canvas_to_graph(canvas, registry, rng=rng, now=now)
            return Reading(conversion.graph, conversion.problems, canvas)
        case None:
            raise WorkflowFormatError(
                where,
                "neither a canvas workflow (an object with a list of nodes) nor an API prompt "
                f"(an object of nodes with class_type), got {shorten(data)}",
            )

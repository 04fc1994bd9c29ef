"""The canvas format: what the editor saves, read, written and turned into a graph and back."""

from engine.graph.canvas.convert import Conversion, canvas_to_graph
from engine.graph.canvas.edit import set_widget_values
from engine.graph.canvas.from_graph import graph_to_canvas
from engine.graph.canvas.model import CanvasWorkflow
from engine.graph.canvas.read import parse_canvas
from engine.graph.canvas.write import write_canvas

__all__ = [
    "CanvasWorkflow",
    "Conversion",
    "canvas_to_graph",
    "graph_to_canvas",
    "parse_canvas",
    "set_widget_values",
    "write_canvas",
]

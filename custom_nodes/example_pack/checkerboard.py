"""A node in the V3 form: a schema, and class methods."""

from __future__ import annotations

import torch
from comfy_api.latest import io


class CheckerboardMask(io.ComfyNode):
    """Make a mask of squares."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Describe the node."""
        return io.Schema(
            node_id="ExampleCheckerboardMask",
            display_name="Checkerboard Mask (Example)",
            category="example",
            description="Make a mask of squares; the one in the upper left corner is empty.",
            inputs=[
                io.Int.Input("width", default=512, min=1, max=16384),
                io.Int.Input("height", default=512, min=1, max=16384),
                io.Int.Input("size", default=64, min=1, max=16384, tooltip="Side of a square."),
            ],
            outputs=[io.Mask.Output(tooltip="1 on every other square.")],
        )

    @classmethod
    def validate_inputs(cls, width: int, height: int, size: int) -> bool | str:
        """Say what is wrong before anything runs; inputs that come over a link are None."""
        if None not in (width, height, size) and size > max(width, height):
            return f"size {size} is larger than the mask, {width} x {height}"
        return True

    @classmethod
    def execute(cls, width: int, height: int, size: int) -> io.NodeOutput:
        """Return the mask, (1, height, width)."""
        rows, columns = torch.arange(height) // size, torch.arange(width) // size
        squares = (rows[:, None] + columns[None, :]) % 2
        return io.NodeOutput(squares.float().unsqueeze(0))

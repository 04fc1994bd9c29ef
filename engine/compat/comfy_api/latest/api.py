"""Services of the host for running nodes; today: progress."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PIL import Image

from engine.imaging.convert import to_pictures
from engine.registry.running import current_context
from engine.types import Preview

_UNLIMITED = 1 << 31


class ExecutionSync:
    """Reports on the node that is running."""

    def set_progress(
        self,
        value: float,
        max_value: float,
        node_id: str | None = None,
        preview_image: Any = None,
        ignore_size_limit: bool = False,
    ) -> None:
        """Report progress of the running node.

        Args:
            node_id: The running node's id, or None; another node cannot be reported on.
            preview_image: A Pillow picture, or an image tensor whose first item is shown.
            ignore_size_limit: Send the preview in its full size.

        Raises: LookupError, outside of a running node; ValueError, for another node's id;
            RunCancelledError, when the artist stopped the run.
        """
        context = current_context()
        if context is None:
            raise LookupError("set_progress: no node is running here, so nothing can be reported.")
        if node_id not in (None, context.node_id):
            raise ValueError(
                f"set_progress: node {node_id} is not the running one, {context.node_id}."
            )
        preview = None
        if preview_image is not None:
            preview = Preview(lambda: _picture(preview_image))
            if ignore_size_limit:
                preview = replace(preview, max_size=_UNLIMITED)
        context.progress(value, max_value, preview)


class Execution(ExecutionSync):
    """The same for async nodes."""

    async def set_progress(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Report progress; see ExecutionSync.set_progress."""
        super().set_progress(*args, **kwargs)


class ComfyAPI:
    """The host, for async nodes."""

    def __init__(self) -> None:
        self.execution = Execution()


class ComfyAPISync:
    """The host, for sync nodes."""

    def __init__(self) -> None:
        self.execution = ExecutionSync()


def _picture(image: Any) -> Image.Image:
    if isinstance(image, Image.Image):
        return image
    return to_pictures(image[:1])[0]

"""Pictures of work in progress, as browsers get them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from engine.types import Preview

IMAGE_TYPE = "image/jpeg"
_QUALITY = 85  # a glance at work in progress; about 30 KB at 512 pixels


def previews_wanted(method: str, extra_data: Mapping[str, Any]) -> bool:
    """Return whether a job shows previews: its own "preview_method" wins over the setting."""
    asked = extra_data.get("preview_method")
    return (method if asked in (None, "default") else asked) != "none"


def draw_preview(preview: Preview) -> bytes:
    """Return a preview as JPEG, its longer side at most `preview.max_size` pixels.

    Raises: whatever the preview's own code raises.
    """
    image = preview.render().convert("RGB")
    image.thumbnail((preview.max_size, preview.max_size))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()

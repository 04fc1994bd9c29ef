"""Pictures of work in progress, as browsers get them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from engine.types import Preview

PREVIEW_TYPE = "image/jpeg"
RESULT_TYPE = "image/png"
_RESULT_COMPRESS_LEVEL = 1  # of zlib's 0 … 9: it is sent once, so speed counts, not size
_QUALITY = 85  # a glance at work in progress; about 30 KB at 512 pixels


def previews_wanted(method: str | None, extra_data: Mapping[str, Any]) -> bool:
    """Return whether a job shows previews.

    Args:
        method: `Settings.preview_method`; "none" is the last word.
        extra_data: The job's; its "preview_method" wins over every other method, and "default"
            leaves the choice to it.
    """
    asked = extra_data.get("preview_method")
    chosen = method if asked in (None, "default") else asked
    return method != "none" and chosen not in (None, "none")


def draw_preview(preview: Preview) -> bytes:
    """Return a preview as JPEG, its longer side at most `preview.max_size` pixels.

    Raises: whatever the preview's own code raises.
    """
    image = preview.render().convert("RGB")
    image.thumbnail((preview.max_size, preview.max_size))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def encode_result(preview: Preview) -> bytes:
    """Return a picture as PNG, whole and without loss.

    Raises: whatever the preview's own code raises.
    """
    buffer = io.BytesIO()
    preview.render().save(buffer, "PNG", compress_level=_RESULT_COMPRESS_LEVEL)
    return buffer.getvalue()

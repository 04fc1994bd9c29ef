"""Pictures that were only looked at: they go after a while."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

KEPT_S: Final = 7 * 86400.0
"""So long they are there to be seen again, also after a restart."""

_NAME: Final = re.compile(r".+_temp_[a-z]{5}_[0-9]{5,}_\.[a-z0-9]+")
"""As preview nodes name them; other files in that folder are not ours to remove."""


def remove_old_previews(folder: Path, now_s: float) -> int:
    """Remove the previews in a folder that are older than `KEPT_S`; return how many.

    Args:
        now_s: Unix time.
    """
    removed = 0
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) and not path.is_symlink():
            try:
                if now_s - path.stat().st_mtime > KEPT_S:
                    path.unlink()
                    removed += 1
            except OSError:  # removed a moment ago, or not ours to remove
                continue
    return removed

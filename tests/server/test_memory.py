"""What pictures took is given back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import psutil
from PIL import Image
from engine.server.memory import return_large_blocks
from engine.server.pictures import Preview, preview_of

if "bounded" in sys.argv:
    return_large_blocks()
folder = Path(sys.argv[1])
paths = []
for side in (200, 2900, 900, 2500, 1700):
    paths.append(folder / f"{side}.png")
    Image.effect_noise((side, side), 9).save(paths[-1], compress_level=0)

def convert(path):
    preview_of(path, Preview("jpeg", 50), keep_alpha=False)

with ThreadPoolExecutor(2) as threads:
    list(threads.map(convert, paths[:1] * 4))
    before = psutil.Process().memory_info().rss
    for _ in range(2):
        list(threads.map(convert, paths))
    print((psutil.Process().memory_info().rss - before) >> 10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="about glibc's way with memory")
def test_large_pictures_leave_no_memory_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), "bounded"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 4096, "KiB"

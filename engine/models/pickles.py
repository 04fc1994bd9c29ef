"""Pickled weights (.ckpt, .pt, .pth, .bin) become safetensors in a throw-away process.

Unpickling can run code, so it never happens in this process. The child (`unpickle.py`) loads with
`weights_only`; in case that check has a hole it also runs without environment, with an audit hook
that refuses processes, sockets and writing outside its target (all systems), with limits on CPU
time, memory and file size (POSIX), and in a network namespace without interfaces where the
kernel lets this user make one (Linux). The result is kept under the file's hash.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from blake3 import blake3

from engine.errors import FileFormatError
from engine.unfinished import unfinished

_ZIP: Final = b"PK\x03\x04"  # torch.save since 1.6
_PICKLE: Final = tuple(bytes((0x80, protocol)) for protocol in (2, 3, 4, 5))
_SCRIPT: Final = Path(__file__).with_name("unpickle.py")
_START_S: Final = 120.0
_BYTES_PER_S: Final = 20e6  # a slow disk
_KEPT_ENVIRONMENT: Final = ("SYSTEMROOT", "TMPDIR", "TEMP", "LD_LIBRARY_PATH")


def looks_pickled(path: Path) -> bool:
    """Whether a file starts like a pickle or like the zip archive torch.save writes.

    Raises: FileFormatError, when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise FileFormatError(path, f"it cannot be read ({error.strerror})") from error
    # A safetensors file may start with any byte (its header's length), but its ninth is "{".
    return head.startswith((_ZIP, *_PICKLE)) and head[8:9] != b"{"


def convert(path: Path, directory: Path) -> Path:
    """Return a safetensors file with a pickle's tensors, converting it the first time.

    Nested dictionaries are flattened with dots; a dictionary under "state_dict" stands for the
    whole file. What is no tensor is left out.

    Raises: FileFormatError, when it is damaged, holds more than weights or takes too long.
    """
    digest = blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest()
    target = directory / f"{digest}.safetensors"
    if target.is_file():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    with unfinished(directory) as made:
        _run_child(path, made)
        made.replace(target)
    return target


def _run_child(path: Path, made: Path) -> None:
    timeout_s = _START_S + path.stat().st_size / _BYTES_PER_S
    environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own script, the paths are arguments
            [sys.executable, "-I", str(_SCRIPT), str(path.absolute()), str(made.absolute())],
            env=environment | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            cwd=made.parent,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FileFormatError(path, f"converting it took over {timeout_s:.0f} s") from error
    if done.returncode == 0 and made.stat().st_size:
        return
    said = done.stdout.decode(errors="replace").strip().splitlines()
    problem = said[-1] if said else f"converting it failed (exit status {done.returncode})"
    raise FileFormatError(path, problem, "Use a .safetensors version of it if there is one.")

"""Makes the Python environment Tessera runs in: `.venv` beside `main.py`, standard library only.

Once installed nothing here needs the network: a stamp in `.venv` says for which requirements it
was made. An interpreter that already has everything is used as it is.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

STAMP = "tessera-environment.json"
# A CPU build needs about 1.5 GB, unpacked and with pip's copies; measured, rounded up.
NEEDED_BYTES = 3 * 10**9

_NO_SPACE = re.compile(r"No space left on device|Errno 28|WinError 112", re.IGNORECASE)
_NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectionError|ConnectTimeout|Max retries|name resolution"
    r"|Network is unreachable|getaddrinfo|ProxyError|Could not find a version"
    r"|No matching distribution",
    re.IGNORECASE,
)


class BootstrapError(Exception):
    """The environment could not be made; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What an environment must hold.

    Attributes:
        specifiers: As pip takes them.
        pins: The versions Tessera is tested with; they hold for what is installed here.
    """

    specifiers: tuple[str, ...]
    pins: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Changes when the requirements or the Python version change."""
        text = json.dumps([sorted(self.specifiers), sorted(self.pins), sys.version_info[:2]])
        return hashlib.sha256(text.encode()).hexdigest()


def read_requirements(root: Path, extras: Iterable[str] = ()) -> Requirements:
    """Read `pyproject.toml` of the checkout at `root`, with the named extras."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    specifiers = list(project["project"]["dependencies"])
    for extra in extras:
        specifiers += project["project"]["optional-dependencies"][extra]
    return Requirements(tuple(specifiers), tuple(project["tool"]["tessera"]["pins"]))


def ensure_environment(root: Path, extras: Sequence[str], argv: Sequence[str]) -> None:
    """Return when this interpreter can run Tessera; otherwise start it again in `.venv`.

    Makes and fills `.venv` first when that is needed.

    Raises: BootstrapError, when the environment cannot be made.
    """
    needed = read_requirements(root, extras)
    target = root / ".venv"
    inside = Path(sys.prefix).resolve() == target.resolve()
    if _covers(target, needed, extras):
        if not inside:
            _restart(target, root, argv)
        return
    if not inside and _is_satisfied(needed.specifiers):
        return
    _install(target, needed, extras)
    _restart(target, root, argv)


def _covers(target: Path, needed: Requirements, extras: Sequence[str]) -> bool:
    """Tell whether the stamp in `target` was written for these requirements."""
    try:
        stamp = json.loads((target / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(stamp, dict) and stamp.get(_key(extras)) == needed.digest


def _key(extras: Sequence[str]) -> str:
    return "+".join(["tessera", *sorted(extras)])


def _is_satisfied(specifiers: Iterable[str]) -> bool:
    """Tell whether this interpreter has every requirement in a fitting version."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return False  # transformers and others bring it, so something is missing
    for text in specifiers:
        requirement = Requirement(text)
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            return False
        if not requirement.specifier.contains(version, prereleases=True):
            return False
    return True


def _install(target: Path, needed: Requirements, extras: Sequence[str]) -> None:
    started = time.monotonic()
    with _locked(target):
        if _covers(target, needed, extras):
            return  # another start was faster
        _say(f"Tessera sets itself up in {target} (once; this can take some minutes).")
        _check_space(target)
        if not _python(target).exists():
            _make_venv(target)
        _pip_install(target, needed)
        _write_stamp(target, needed, extras)
    _say(f"Set up in {time.monotonic() - started:.0f} s.")


def _make_venv(target: Path) -> None:
    _say("  creating the environment")
    try:
        venv.create(target, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(target, ignore_errors=True)
        if _NO_SPACE.search(str(error)):
            raise _disk_full(target) from error
        raise BootstrapError(
            f"The environment {target} could not be created: {error}. On Debian and Ubuntu "
            "install the package python3-venv; elsewhere check that the folder can be written."
        ) from error


def _pip_install(target: Path, needed: Requirements) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text("\n".join(needed.pins), "utf-8")
        # fmt: off
        command = [
            str(_python(target)), "-m", "pip", "install", "--disable-pip-version-check",
            "--no-input", "--constraint", str(pins), *needed.specifiers,
        ]
        # fmt: on
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and requirement list
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert process.stdout is not None
        lines = list(_show_progress(process.stdout))
        if process.wait() != 0:
            raise _explain(target, lines)


def _show_progress(output: Iterable[str]) -> Iterator[str]:
    """Pass pip's lines on; show the ones that say how far it is."""
    for line in output:
        text = line.strip()
        if text.startswith(("Collecting ", "Downloading ", "Building ")):
            _say(f"  {text[:100]}")
        elif text.startswith("Installing collected packages"):
            _say(f"  Installing {text.count(',') + 1} packages")
        yield text


def _explain(target: Path, lines: Sequence[str]) -> BootstrapError:
    text = "\n".join(lines)
    if _NO_SPACE.search(text):
        return _disk_full(target)
    if _NO_NETWORK.search(text):
        return BootstrapError(
            "The packages Tessera needs could not be downloaded: no package index was reached. "
            "Check the network or the proxy and start again; what was fetched is kept."
        )
    tail = "\n".join(lines[-12:])
    return BootstrapError(f"Installing Tessera's packages failed:\n{tail}")


def _check_space(target: Path) -> None:
    if shutil.disk_usage(target.parent).free < NEEDED_BYTES:
        raise _disk_full(target)


def _disk_full(target: Path) -> BootstrapError:
    free = shutil.disk_usage(target.parent).free
    return BootstrapError(
        f"The disk of {target.parent} has {free / 1e9:.1f} GB free; Tessera's packages need about "
        f"{NEEDED_BYTES / 1e9:.0f} GB. Free some space and start again; what was fetched is kept."
    )


def _write_stamp(target: Path, needed: Requirements, extras: Sequence[str]) -> None:
    # What suffices for the extras suffices for a plain start as well.
    stamp = {_key(()): read_requirements(target.parent).digest, _key(extras): needed.digest}
    temporary = target / f"{STAMP}.{os.getpid()}"
    temporary.write_text(json.dumps(stamp), "utf-8")
    temporary.replace(target / STAMP)


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Let one process at a time fill the environment; the others wait."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / ".venv.lock").open("a+b") as handle:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _python(target: Path) -> Path:
    return target / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _restart(target: Path, root: Path, argv: Sequence[str]) -> NoReturn:
    command = [str(_python(target)), str(root / "main.py"), *argv]
    sys.stdout.flush()
    if sys.platform == "win32":  # execv there returns to the shell at once
        sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603
    os.execv(command[0], command)  # noqa: S606


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

"""One round of the kill matrix: what is done to one database, and what came of it."""

from __future__ import annotations

import http.client
import json
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from tests.e2e.kill_victims import Kill, LostError, Server, wait_until

PACK = '''
import time
import torch

class KillMatrixSlow:
    """A node that is dearer to compute than to read back, so its result goes to disk."""
    CATEGORY, FUNCTION, RETURN_TYPES = "testing", "make", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seed": ("INT", {"default": 0, "max": 2**31})}}

    def make(self, seed):
        time.sleep(0.1)
        return (torch.full((1, 32, 32, 3), (seed % 255) / 255),)

NODE_CLASS_MAPPINGS = {"KillMatrixSlow": KillMatrixSlow}
'''


@dataclass
class Round:
    """What was done to one database, and what came of it."""

    kills: Sequence[Kill]
    happened: list[bool] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    repeated_files: int = 0
    problem: str | None = None
    broken: bool = False

    def verdicts(self) -> Iterator[tuple[Kill, str]]:
        for index, kill in enumerate(self.kills):
            if self.broken:
                yield kill, "harness broken"
            elif index >= len(self.happened) or not self.happened[index]:
                yield kill, "not measured"
            else:
                yield kill, "survived" if self.problem is None else "lost"


def make_prompt(number: int) -> dict[str, Any]:
    """Two pictures of one slow node."""
    slow = {"class_type": "KillMatrixSlow", "inputs": {"seed": number}}
    inverted = {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}

    def save(source: str, name: str) -> dict[str, Any]:
        inputs = {"images": [source, 0], "filename_prefix": f"p{number}{name}"}
        return {"class_type": "SaveImage", "inputs": inputs}

    return {"1": slow, "2": save("1", "a"), "3": inverted, "4": save("3", "b")}


def play(address: str, folder: Path, kills: Sequence[Kill]) -> Round:
    """Play one round in a new folder, which is kept only when something was lost."""
    played = Round(kills)
    (folder / "custom_nodes" / "kill_pack").mkdir(parents=True)
    (folder / "custom_nodes" / "kill_pack" / "__init__.py").write_text(PACK)
    server: Server | None = None
    try:
        for life, kill in enumerate(kills):
            token = folder / f"killed{life}"
            server = Server(address, folder, kill, token)
            live(server, kill, played, life)
            server.stop()
            played.happened.append(token.exists())
        server = Server(address, folder, None, folder / "unused")
        server.wait_for_port()
        finish(server, played, "the last life")
        check(server, folder, played)
        server.stop()
    except LostError as error:
        played.problem = str(error)
    except Exception:  # noqa: BLE001 - whatever it is, it is the harness's
        played.problem, played.broken = traceback.format_exc(), True
    finally:
        if server is not None and server.alive():
            server.kill("server")
            wait_until(lambda: not server.alive(), "a killed server ends")
    if played.problem is None:
        shutil.rmtree(folder)
    return played


def live(server: Server, kill: Kill, played: Round, life: int) -> None:
    """Queue prompts and wait until somebody dies or everything is done."""
    if not server.wait_for_port():
        return
    for _ in range(2):
        number = len(played.answered) + len(played.unsure)
        job_id = f"job{number}"
        try:
            server.request("POST", "/prompt", {"prompt": make_prompt(number), "prompt_id": job_id})
            played.answered.add(job_id)
        except (OSError, http.client.HTTPException):
            played.unsure.add(job_id)
    if kill.point == "random":
        time.sleep(kill.delay_s)
        if server.alive():
            server.kill(kill.victim)
    with suppress(OSError, http.client.HTTPException):
        finish(server, played, f"life {life}, {kill.name}")


def finish(server: Server, played: Round, when: str) -> None:
    """Wait until the queue is empty or the server dies."""

    def done() -> bool:
        if not server.alive():
            return True
        return bool(server.request("GET", "/prompt")["exec_info"]["queue_remaining"] == 0)

    wait_until(done, f"the queue gets empty in {when}")


def check(server: Server, folder: Path, played: Round) -> None:
    """Raises: LostError, saying what is not as promised."""
    history = server.request("GET", "/history")
    missing = played.answered - set(history)
    if missing:
        raise LostError(f"answered but gone: {sorted(missing)}")
    strange = set(history) - played.answered - played.unsure
    if strange:
        raise LostError(f"nobody queued {sorted(strange)}")
    shown: Counter[str] = Counter()
    for job_id, entry in history.items():
        shown.update(check_entry(job_id, entry, folder / "output"))
    twice = [name for name, count in shown.items() if count > 1]
    if twice:
        raise LostError(f"in history twice: {twice}")
    files = [path.name for path in (folder / "output").iterdir() if not path.name.startswith(".")]
    for name in files:
        whole(folder / "output" / name)
    played.repeated_files = len(set(files) - set(shown))


def check_entry(job_id: str, entry: Mapping[str, Any], output: Path) -> list[str]:
    """Return the names of the pictures a finished job shows. Raises: LostError."""
    status = entry["status"]
    if not status["completed"]:
        raise LostError(f"{job_id} did not finish: {json.dumps(status)[:600]}")
    kinds = [kind for kind, _ in status["messages"]]
    if len(set(kinds)) != len(kinds) or kinds[-1] != "execution_success":
        raise LostError(f"{job_id} says {kinds}")
    if set(entry["outputs"]) != {"2", "4"}:
        raise LostError(f"{job_id} shows {sorted(entry['outputs'])}, not nodes 2 and 4")
    images = [image for shown in entry["outputs"].values() for image in shown["images"]]
    if len(images) != 2:
        raise LostError(f"{job_id} shows {len(images)} pictures, not 2")
    for image in images:
        if not (output / image["filename"]).exists():
            raise LostError(f"{job_id} shows {image['filename']}, which is not there")
    return [image["filename"] for image in images]


def whole(path: Path) -> None:
    """Raises: LostError, when a picture is not whole."""
    try:
        with Image.open(path) as image:
            image.load()
    except OSError as error:
        raise LostError(f"{path.name} is not whole: {error}") from error

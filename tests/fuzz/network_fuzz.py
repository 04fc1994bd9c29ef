"""Feeds everything that reads from the network with broken input: no 500, no hang, no growth.

As a script: `python -m tests.fuzz.network_fuzz [inputs] [seed]`, 100,000 inputs by default. The
inputs are good ones that were damaged: bytes flipped, cut, doubled, numbers made extreme, nested,
values of workflows swapped for others. What the inputs made (files, jobs) is cleared away now and
then, so that the memory of the server's process tells what the server keeps.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import struct
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from aiohttp import ClientError
from yarl import URL

from tests.fuzz.damage import changed, damaged
from tests.fuzz.fuzzed_server import FuzzedServer, fuzzed_server
from tests.graph.fake_registry import FIXTURES
from tests.server.server_host import picture, show

HANG_S = 60.0
CLEAR_EVERY = 500
ALONE = {"Connection": "close"}
"""After what is no HTTP the server hangs up: the next request must not go that way."""
GROWTH_BYTES = 8 << 20
"""What the server may have more at the end than after a tenth of the run."""
PROMPTS = [json.loads(path.read_bytes()) for path in sorted(FIXTURES.glob("*.api.json"))]
CANVASES = [json.loads(path.read_bytes()) for path in sorted(FIXTURES.glob("*.canvas.json"))]
FORM = (
    b'--XX\r\nContent-Disposition: form-data; name="image"; filename="%s"\r\n\r\n%s\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="subfolder"\r\n\r\na\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="original_ref"\r\n\r\n{"filename":"a.png"}\r\n'
    b"--XX--\r\n"
)


Attempt: TypeAlias = Callable[[FuzzedServer, random.Random], Awaitable[int]]


@dataclass
class Tally:
    """What came back.

    Attributes:
        statuses: How often each status was answered, by parser.
        slowest_s: The longest answer.
        memory_bytes: What the process had at the start, after each tenth, and at the end.
    """

    statuses: dict[str, dict[int, int]] = field(default_factory=dict)
    slowest_s: float = 0.0
    memory_bytes: list[int] = field(default_factory=list)

    @property
    def growth_bytes(self) -> int:
        """Memory won between a tenth of the run and its end."""
        return self.memory_bytes[-1] - self.memory_bytes[1]

    def failures(self) -> list[str]:
        """Name the parsers that answered with a failure of the server."""
        return [
            f"{name}: {status} x{count}"
            for name, counts in self.statuses.items()
            for status, count in counts.items()
            if status >= 500
        ]


def _text(document: Any, chance: random.Random) -> bytes:
    """Return JSON, a tenth of it damaged as text as well."""
    body = json.dumps(document).encode()
    return damaged(body, chance) if chance.random() < 0.1 else body


async def api_prompt(host: FuzzedServer, chance: random.Random) -> int:
    body = {"prompt": chance.choice([*PROMPTS, show("x")]), "client_id": "a", "extra_data": {}}
    return await _post(host, "/prompt", _text(changed(body, chance), chance))


async def canvas_workflow(host: FuzzedServer, chance: random.Random) -> int:
    path, key = chance.choice([("/prompt", "prompt"), ("/api/tessera/convert", "workflow")])
    return await _post(host, path, _text({key: changed(chance.choice(CANVASES), chance)}, chance))


async def small_json(host: FuzzedServer, chance: random.Random) -> int:
    path, body = chance.choice(
        [
            ("/queue", b'{"clear":false,"delete":["a"]}'),
            ("/history", b'{"delete":["a"]}'),
            ("/interrupt", b'{"prompt_id":"a"}'),
            ("/free", b'{"unload_models":true}'),
            ("/settings", b'{"a.b":[1,2,3]}'),
            ("/settings/a", b'"x"'),
            ("/users", b'{"username":"a"}'),
        ]
    )
    return await _post(host, path, damaged(body, chance))


async def multipart(host: FuzzedServer, chance: random.Random) -> int:
    name = damaged(b"a.png", chance)
    body = damaged(FORM % (name, damaged(picture(), chance)), chance)
    path = chance.choice(["/upload/image", "/upload/mask"])
    return await _post(host, path, body, "multipart/form-data; boundary=XX")


async def picture_file(host: FuzzedServer, chance: random.Random) -> int:
    """PNG and WebP as they lie in a folder, with what is written in them."""
    kind = chance.choice(["PNG", "WEBP", "JPEG", "GIF"])
    host.put("input/fuzz.png", damaged(picture(kind=kind), chance))
    query = chance.choice(["preview=webp;90", "preview=jpeg", "channel=a", "channel=rgb"])
    return await _get(host, f"/view?type=input&filename=fuzz.png&{query}")


async def safetensors_header(host: FuzzedServer, chance: random.Random) -> int:
    header = b'{"__metadata__":{"ssmd_cover_images":"[\\"AAAA\\"]","a":"b"},"w":{"dtype":"F32"}}'
    content = struct.pack("<Q", len(header)) + header
    host.put("models/loras/fuzz.safetensors", damaged(content, chance))
    path = chance.choice(
        [
            "/view_metadata/loras?filename=fuzz.safetensors",
            "/experiment/models/preview/loras/0/fuzz.safetensors",
        ]
    )
    return await _get(host, path)


async def view_parameters(host: FuzzedServer, chance: random.Random) -> int:
    parts = {"filename": b"a.png", "type": b"output", "subfolder": b"a/b", "preview": b"webp;9"}
    query = "&".join(f"{key}={quote(damaged(value, chance))}" for key, value in parts.items())
    return await _get(host, f"/view?{query}")


async def userdata_path(host: FuzzedServer, chance: random.Random) -> int:
    name = quote(damaged(b"workflows/a.json", chance), safe="")
    path = chance.choice(
        [f"/userdata/{name}", f"/userdata?dir={name}", f"/v2/userdata?path={name}"]
    )
    if path.startswith("/userdata/") and chance.random() < 0.5:
        return await _post(host, path, b"x")
    return await _get(host, path)


async def history_parameters(host: FuzzedServer, chance: random.Random) -> int:
    first, second = (quote(damaged(b"10", chance)) for _ in range(2))
    return await _get(host, f"/history?max_items={first}&offset={second}")


async def websocket_frames(host: FuzzedServer, chance: random.Random) -> int:
    url = URL(f"{host.origin}/ws?clientId={quote(damaged(b'fuzz', chance))}", encoded=True)
    text = b'{"type":"feature_flags","data":{"supports_preview_metadata":true}}'
    try:
        async with host.session.ws_connect(url, autoping=False) as web_socket:
            for _ in range(3):
                content = damaged(text, chance)
                if chance.random() < 0.5:
                    await web_socket.send_bytes(content)
                else:
                    await web_socket.send_str(content.decode("utf-8", "replace"))
    except ClientError as error:
        return getattr(error, "status", 400)
    return 101


PARSERS: tuple[Attempt, ...] = (
    *(api_prompt, canvas_workflow, small_json, multipart, picture_file, safetensors_header),
    *(view_parameters, userdata_path, history_parameters, websocket_frames),
)


async def _post(host: FuzzedServer, path: str, body: bytes, kind: str = "application/json") -> int:
    url = URL(f"{host.origin}{path}", encoded=True)
    headers = {"Content-Type": kind, **ALONE}
    async with host.session.post(url, data=body, headers=headers) as answer:
        await answer.read()
        return answer.status


async def _get(host: FuzzedServer, path: str) -> int:
    url = URL(f"{host.origin}{path}", encoded=True)
    async with host.session.get(url, headers=ALONE) as answer:
        await answer.read()
        return answer.status


async def clear(host: FuzzedServer) -> None:
    """Take away what the inputs have made."""
    for path, body in (
        ("/interrupt", {}),
        ("/queue", {"clear": True}),
        ("/history", {"clear": True}),
    ):
        assert await host.post(path, body) == 200
    for folder in ("input", "user/default"):
        shutil.rmtree(host.base / folder, ignore_errors=True)
    (host.base / "user" / "users.json").unlink(missing_ok=True)


async def fuzz(base: Path, inputs: int, seed: int) -> Tally:
    """Run through the parsers in turn; what hangs raises TimeoutError."""
    tally = Tally()
    async with fuzzed_server(base) as host:
        for number in range(inputs):
            if number % CLEAR_EVERY == 0:
                await clear(host)
            attempt = PARSERS[number % len(PARSERS)]
            chance = random.Random(f"{seed} {number}")  # so that one input can be tried again
            begun = time.perf_counter()
            async with asyncio.timeout(HANG_S):
                status = await attempt(host, chance)
            tally.slowest_s = max(tally.slowest_s, time.perf_counter() - begun)
            counts = tally.statuses.setdefault(attempt.__name__, {})
            counts[status] = counts.get(status, 0) + 1
            if status >= 500:
                print(f"{attempt.__name__}: {status} for seed {seed} number {number}", flush=True)
            if number % max(1, inputs // 10) == 0:
                tally.memory_bytes.append(host.memory_bytes())
        await clear(host)
        tally.memory_bytes.append(host.memory_bytes())
    return tally


def main() -> int:
    """Run as a script; exit with 1 when the server failed at anything, or grew."""
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        tally = asyncio.run(fuzz(Path(folder), inputs, seed))
    for name, counts in tally.statuses.items():
        print(f"{name}: {dict(sorted(counts.items()))}")
    print(f"slowest {tally.slowest_s:.3f} s")
    print(
        "KiB after each tenth:", [size - tally.memory_bytes[1] >> 10 for size in tally.memory_bytes]
    )
    return 1 if tally.failures() or tally.growth_bytes > GROWTH_BYTES else 0


if __name__ == "__main__":
    raise SystemExit(main())

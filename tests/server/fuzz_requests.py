"""Sends generated requests to a server in a process of its own: no 500, no hang, no growth.

`python3 tests/server/fuzz_requests.py --inputs 100000 --seed 7` prints what came back; the tests
send a smaller number. Each input is a request, a form, a picture or a WebSocket message; most are
valid ones with something changed, so that they get past the first check.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientTimeout
from yarl import URL

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fuzz.fuzzed_server import FuzzedServer, fuzzed_server
from tests.server.server_host import picture, show

TIMEOUT_S = 60.0
_BAD_TEXTS = (
    *("", " ", "..", "../..", "/etc/passwd", "C:\\x", "a/../../b", "\0", "%00", "%2e%2e", "null"),
    *("true", "-1", "0", "1e999", "9" * 40, "x" * 5000, "<script>", "\u202e", "😀", "a\r\nb: c"),
    *("\ud7ff", "{{7*7}}", "'; DROP TABLE job; --", "a.png [output]", "[input]", "webp;", "jpeg;0"),
)
_GETS = (
    *("/prompt", "/queue", "/history", "/history/{}", "/object_info", "/object_info/{}", "/view"),
    *("/embeddings", "/models", "/models/{}", "/experiment/models", "/experiment/models/{}"),
    *("/experiment/models/preview/loras/{}/{}", "/view_metadata/{}", "/features", "/extensions"),
    *("/system_stats", "/settings", "/settings/{}", "/users", "/userdata", "/v2/userdata"),
    *("/userdata/{}", "/i18n", "/workflow_templates", "/internal/logs", "/internal/files/{}"),
    *("/api/tessera/events", "/api/tessera/models/loras/hash", "/api/tessera/jobs/{}/reasons"),
    *("/extensions/{}/{}", "/api/workflow_templates/{}/{}", "/{}", "/metrics", "/ws"),
)
_POSTS = (
    *("/prompt", "/queue", "/history", "/interrupt", "/free", "/settings", "/settings/{}"),
    *("/users", "/userdata/{}", "/userdata/{}/move/{}", "/api/tessera/convert"),
    *("/api/tessera/jobs/{}/move", "/api/tessera/jobs/{}/cancel", "/upload/image", "/{}"),
)
_PARAMETERS = (
    *("filename", "type", "subfolder", "preview", "channel", "max_items", "offset", "dir", "path"),
    *("recurse", "full_info", "split", "overwrite", "after", "clientId", "rand"),
)
_KEYS = (
    *("prompt", "client_id", "prompt_id", "number", "front", "extra_data", "nodes", "links"),
    *("partial_execution_targets", "clear", "delete", "unload_models", "free_memory", "username"),
    *("workflow", "class_type", "inputs", "clientId", "enabled", "filename", "type"),
)


@dataclass(slots=True)
class Report:
    """What a run of generated requests came to.

    Attributes:
        failures: Inputs that were answered with 500 or above, or not at all.
        dearest_s: The longest that the server computed for one input.
        grown_bytes: How much more memory the process has than after a tenth of the inputs.
    """

    answers: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    dearest_s: float = 0.0
    grown_bytes: int = 0


class Generator:
    """Makes requests out of a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._samples = [
            picture(),
            picture((3, 5), "RGBA"),
            picture(kind="JPEG"),
            picture(kind="WEBP"),
        ]

    def text(self) -> str:
        rng = self._random
        if rng.random() < 0.6:
            return rng.choice(_BAD_TEXTS)
        return "".join(chr(rng.randrange(32, 0x3000)) for _ in range(rng.randrange(12)))

    def value(self, depth: int = 0) -> Any:
        rng = self._random
        kinds: list[Callable[[], Any]] = [
            self.text,
            lambda: rng.choice((None, True, False, 0, -1, 1.5, 1 << 70, 1e308, -0.0)),
            lambda: show("x"),
            lambda: [str(rng.randrange(5)), rng.randrange(5)],
        ]
        if depth < 4:
            kinds += [
                lambda: [self.value(depth + 1) for _ in range(rng.randrange(4))],
                lambda: {self.key(): self.value(depth + 1) for _ in range(rng.randrange(5))},
            ]
        return rng.choice(kinds)()

    def key(self) -> str:
        return self._random.choice(_KEYS) if self._random.random() < 0.8 else self.text()

    def path(self, template: str) -> str:
        parts = template.split("{}")
        path = parts[0]
        for part in parts[1:]:
            path += quote(self.text(), safe=self._random.choice(("", "/", "/."))) + part
        names = self._random.sample(_PARAMETERS, self._random.randrange(4))
        query = "&".join(f"{name}={quote(self.text(), safe='')}" for name in names)
        return f"{path}?{query}" if query else path

    def body(self) -> bytes:
        """Return JSON, often of the right shape, sometimes damaged."""
        rng = self._random
        value = {self.key(): self.value() for _ in range(rng.randrange(5))}
        if rng.random() < 0.3:
            value["prompt"] = {self.text(): {"class_type": self.text(), "inputs": self.value()}}
        text = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "replace")
        if rng.random() < 0.1:
            text = b"[" * rng.randrange(2000) + text
        return self.damaged(text) if rng.random() < 0.3 else text

    def damaged(self, content: bytes) -> bytes:
        rng = self._random
        found = bytearray(content)
        for _ in range(rng.randrange(1, 6)):
            if found:
                place = rng.randrange(len(found))
                found[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        return bytes(found[: rng.randrange(len(found) + 1)] if rng.random() < 0.3 else found)

    def form(self) -> tuple[bytes, str]:
        """Return a multipart body with a picture, often damaged, and its media type."""
        rng = self._random
        content = rng.choice(self._samples)
        if rng.random() < 0.7:
            content = self.damaged(content)
        extension = rng.choice((".png", ".webp", ".jpg", ".bin", ".html", ""))
        name = f"fuzz{extension}" if rng.random() < 0.5 else self.text() + extension
        fields = {"type": "temp", "overwrite": "1", self.key(): self.text()}
        if rng.random() < 0.3:
            fields[rng.choice(("type", "subfolder", "original_ref"))] = self.text()
        lines = [
            b'--b\r\nContent-Disposition: form-data; name="image"; filename="'
            + name.encode("utf-8", "replace")
            + b'"\r\n\r\n'
            + content
        ]
        for key, text in fields.items():
            head = f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}'
            lines.append(head.encode("utf-8", "replace"))
        body = b"\r\n".join([*lines, b"--b--\r\n"])
        media_type = "multipart/form-data; boundary=b"
        return (self.damaged(body) if rng.random() < 0.3 else body), media_type

    def weights(self) -> bytes:
        """Return a .safetensors file, damaged or with hostile texts."""
        covers = json.dumps([self.text()])
        texts = {"ssmd_cover_images": covers, self.text(): self.text()}
        header = json.dumps({"__metadata__": texts}).encode()
        content = struct.pack("<Q", len(header)) + header
        return self.damaged(content) if self._random.random() < 0.7 else content

    def request(self) -> tuple[str, str, bytes, dict[str, str]]:
        """Return method, path, body and headers."""
        rng = self._random
        kind = rng.random()
        if kind < 0.5:
            return "GET", self.path(rng.choice(_GETS)), b"", self.headers()
        if kind < 0.7:
            body, media_type = self.form()
            path = rng.choice(("/upload/image", "/upload/mask"))
            return "POST", path, body, {"Content-Type": media_type}
        method = rng.choice(("POST", "POST", "POST", "DELETE", "PATCH", "PUT"))
        return method, self.path(rng.choice(_POSTS)), self.body(), self.headers()

    def headers(self) -> dict[str, str]:
        rng = self._random
        if rng.random() < 0.7:
            return {}
        values = (
            "bytes=0-",
            "bytes=5-1",
            "x",
            "",
            '"a"',
            "W/",
            "*",
            "gzip;q=0",
            "a=b; c",
            "multipart/form-data",
        )
        names = ("Range", "If-None-Match", "Accept-Encoding", "Cookie", "Content-Type", "If-Range")
        return {rng.choice(names): rng.choice(values)}


async def send(server: FuzzedServer, generator: Generator, report: Report) -> None:
    """Send one request and note the answer."""
    method, path, body, headers = generator.request()
    what = f"{method} {path[:200]} {headers} {body[:300]!r}"
    before_s = server.cpu_s()
    try:
        url = URL(server.origin + path, encoded=True)
        async with server.session.request(
            method,
            url,
            data=body or None,
            headers=headers,
            timeout=ClientTimeout(TIMEOUT_S),
            allow_redirects=False,
        ) as answer:
            await answer.read()
            report.answers[answer.status] += 1
            if answer.status >= 500:
                report.failures.append(f"{answer.status} {what}")
    except (TimeoutError, ClientError) as error:
        report.failures.append(f"{type(error).__name__} {error} {what}")
    report.dearest_s = max(report.dearest_s, server.cpu_s() - before_s)


async def talk(server: FuzzedServer, generator: Generator, report: Report) -> None:
    """Open a WebSocket, send something, and see that the server still answers."""
    async with server.session.ws_connect(f"{server.origin}/ws") as socket:
        await socket.receive(TIMEOUT_S)
        await socket.send_str(generator.body().decode("utf-8", "replace"))
        await socket.send_bytes(generator.body())
    report.answers[101] += 1


async def fuzz(base: Path, inputs: int, seed: int) -> Report:
    """Send `inputs` generated requests."""
    generator, report = Generator(seed), Report()
    async with fuzzed_server(base) as server:
        server.put("output/a.png", picture())
        memory = 0
        for number in range(inputs):
            if number % 50 == 0:
                server.put("models/loras/a.safetensors", generator.weights())
                await talk(server, generator, report)
                await server.post("/interrupt", {})
                await server.post("/queue", {"clear": True})
                await server.post("/history", {"clear": True})
            if number == inputs // 10:
                memory = server.memory_bytes()
            await send(server, generator, report)
        report.grown_bytes = server.memory_bytes() - memory
        assert await server.post("/queue", {}) == 200
    return report


def main() -> int:
    """Print what came back; fail when anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(fuzz(Path(folder), arguments.inputs, arguments.seed))
    print(f"{arguments.inputs} inputs, seed {arguments.seed}")
    print("answers:", dict(sorted(report.answers.items())))
    print(f"dearest {report.dearest_s:.2f} s, memory grew {report.grown_bytes >> 20} MiB")
    print(f"failures: {len(report.failures)}", *report.failures[:20], sep="\n")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())

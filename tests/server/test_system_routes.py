"""Node types, the machine, extensions, internal pages, figures."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from engine.server.object_info import MAX_AGE_S
from tests.server.server_host import Host, hosted, show
from tests.workers.fake_pool import FakePool

TYPES = {"KSampler": {"input": {}, "name": "KSampler"}, "Ä": {"name": "Ä"}}


@pytest.fixture
def asked(host: Host, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the workers node types; list what they are asked."""
    host.pool.answers["object_info", ""] = TYPES
    topics: list[str] = []
    query = host.pool.query

    async def listed(topic: str, argument: str = "") -> bytes:
        topics.append(topic)
        return await query(topic, argument)

    monkeypatch.setattr(host.pool, "query", listed)
    return topics


async def test_node_types_are_asked_for_once(host: Host, asked: list[str]) -> None:
    assert await host.json("/object_info") == TYPES
    assert await host.json("/api/object_info") == TYPES
    assert await host.json("/object_info/KSampler") == {"KSampler": TYPES["KSampler"]}
    assert await host.json("/object_info/%C3%84") == {"Ä": TYPES["Ä"]}
    assert await host.json("/object_info/Unknown") == {}
    assert asked.count("object_info") == 1


async def test_replaced_node_types_are_told_as_the_peer_does(host: Host) -> None:
    told = {"Old": [{"new_node_id": "New", "old_node_id": "Old"}]}
    host.pool.answers["replacements", ""] = told
    assert await host.json("/node_replacements") == told
    assert await host.json("/api/node_replacements") == told


async def test_known_node_types_cost_less_than_a_kilobyte(host: Host, asked: list[str]) -> None:
    host.pool.answers["object_info", ""] = {f"Node{n}": {"input": {}} for n in range(1000)}
    first = await host.client.get("/object_info")
    tag = first.headers["ETag"]
    again = await host.client.get("/object_info", headers={"If-None-Match": tag})
    assert again.status == 304
    headers = sum(len(name) + len(value) + 4 for name, value in again.headers.items())
    assert headers + len(await again.read()) < 1000
    assert again.headers["ETag"] == tag


async def test_node_types_are_sent_compressed(host: Host, asked: list[str]) -> None:
    async with host.client.session.get(
        host.client.make_url("/object_info"),
        headers={"Accept-Encoding": "gzip"},
    ) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert json.loads(await answer.read()) == TYPES
    async with host.client.session.get(
        host.client.make_url("/object_info"), headers={"Accept-Encoding": "identity"}
    ) as answer:
        assert "Content-Encoding" not in answer.headers
        assert await answer.json() == TYPES
    assert gzip.decompress(gzip.compress(b"x")) == b"x"


async def test_node_types_are_asked_for_again_when_files_or_workers_change(
    host: Host, asked: list[str]
) -> None:
    tag = (await host.client.get("/object_info")).headers["ETag"]
    host.put("input/new.png")
    assert (await host.client.get("/object_info")).headers["ETag"] == tag  # the same answer
    assert asked.count("object_info") == 2
    host.pool.answers["object_info", ""] = {}
    host.pool.kill("cpu")
    assert (await host.client.get("/object_info")).headers["ETag"] != tag
    assert asked.count("object_info") == 3


async def test_node_types_are_asked_for_again_after_a_while(
    host: Host, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await host.json("/object_info")
    monkeypatch.setattr("engine.server.object_info.time.monotonic", lambda: 1e12 + MAX_AGE_S)
    await host.json("/object_info")
    assert asked.count("object_info") == 2


async def test_system_stats_have_the_contracts_fields(host: Host) -> None:
    device = {"name": "cpu", "type": "cpu", "index": None, "vram_total": 1, "vram_free": 1}
    host.pool.answers["devices", ""] = {"pytorch_version": "2.13.0", "devices": [device]}
    stats = await host.json("/system_stats")
    assert stats["devices"] == [device]
    assert {
        *("os", "ram_total", "ram_free", "comfyui_version", "required_frontend_version"),
        *("installed_templates_version", "required_templates_version", "python_version"),
        *("pytorch_version", "embedded_python", "argv"),
    } <= set(stats["system"])
    assert stats["system"]["pytorch_version"] == "2.13.0"
    assert stats["system"]["ram_total"] > stats["system"]["ram_free"] > 0


async def test_system_stats_do_not_wait_for_workers(tmp_path: Path) -> None:
    async with hosted(tmp_path, FakePool(start_s=60)) as host:
        assert (await host.json("/system_stats"))["devices"] == []
        assert await host.json("/extensions") == []


async def test_features_are_told(host: Host) -> None:
    features = await host.json("/features")
    assert features["supports_preview_metadata"] is True
    assert features["max_upload_size"] == 100 << 20


async def test_scripts_of_the_editor_and_of_packs_are_listed_and_served(host: Host) -> None:
    host.put("web/extensions/core/a.js", b"1")
    host.put("custom_nodes/pack/js/sub/b.js", b"2")
    host.put("custom_nodes/pack/js/style.css", b"3")
    web = {"pack": str(host.base / "custom_nodes/pack/js")}
    host.pool.answers["packs", ""] = [{"name": "pack", "seconds": 0.1, "web": web}]
    urls = await host.json("/extensions")
    assert urls == ["/extensions/core/a.js", "/extensions/pack/sub/b.js"]
    for url, content in zip(urls, (b"1", b"2"), strict=True):
        answer = await host.client.get(url)
        assert await answer.read() == content
        assert answer.content_type == "text/javascript"
        assert answer.headers["Cache-Control"] == "no-cache"
    assert (await host.client.get("/extensions/pack/style.css")).content_type == "text/css"
    assert (await host.client.get("/extensions/unknown/a.js")).status == 404


async def test_translations_of_packs_are_merged(host: Host) -> None:
    def put(pack: str, name: str, content: Any) -> None:
        host.put(f"custom_nodes/{pack}/locales/{name}", json.dumps(content).encode())

    put("a", "zh/main.json", {"title": "甲", "menu": {"x": 1}})
    put("a", "zh/nodeDefs.json", {"A": {"display_name": "甲"}})
    put("b", "zh/nodeDefs.json", {"B": {}, "A": {"description": "d"}})
    put("b", "fr/settings.json", {"s": 1})
    put("c.disabled", "fr/main.json", {"no": 1})
    host.put("custom_nodes/d/locales/zh/main.json", b"{damaged")
    found = await host.json("/i18n")
    assert found["zh"]["title"] == "甲"
    assert found["zh"]["nodeDefs"] == {"A": {"display_name": "甲", "description": "d"}, "B": {}}
    assert found["fr"]["settings"] == {"s": 1}
    assert "no" not in found["fr"]


async def test_example_workflows_of_packs_are_listed_and_served(host: Host) -> None:
    host.put("custom_nodes/a/example_workflows/one.json", b'{"x": 1}')
    host.put("custom_nodes/a/example_workflows/one.jpg", b"x")
    host.put("custom_nodes/b/workflow/two.json", b"{}")
    host.put("custom_nodes/c/other/three.json", b"{}")
    assert await host.json("/workflow_templates") == {"a": ["one"], "b": ["two"]}
    assert await host.json("/api/workflow_templates/a/one.json") == {"x": 1}
    for path in ("a/missing.json", "c/three.json", "unknown/one.json"):
        assert (await host.client.get(f"/api/workflow_templates/{path}")).status == 404


async def test_packs_that_are_not_loaded_bring_no_texts_and_workflows(tmp_path: Path) -> None:
    allowed = frozenset({"wanted"})
    async with hosted(tmp_path, packs=False, pack_allow_list=allowed) as host:
        for pack in ("wanted", "other"):
            host.put(f"custom_nodes/{pack}/workflow/{pack}.json", b"{}")
            host.put(f"custom_nodes/{pack}/locales/fr/main.json", b'{"%s": 1}' % pack.encode())
        assert await host.json("/workflow_templates") == {"wanted": ["wanted"]}
        texts = (await host.json("/i18n"))["fr"]
        assert texts["wanted"] == 1
        assert "other" not in texts
        hidden = await host.client.get("/api/workflow_templates/other/other.json")
        assert hidden.status == 404


async def test_folder_paths_and_newest_files_are_told(host: Host) -> None:
    import os

    paths = await host.json("/internal/folder_paths")
    assert paths["loras"] == [
        str(host.base / "models/loras"),
        str(host.base / "output/loras"),
    ]
    for age, name in enumerate(("new.png", "old.png", "oldest.png")):
        os.utime(host.put(f"output/{name}"), (1000 - age, 1000 - age))
    host.put("output/.half-written.part")
    assert await host.json("/internal/files/output") == ["new.png", "old.png", "oldest.png"]
    assert (await host.client.get("/internal/files/user")).status == 400
    assert (await host.client.get("/api/internal/folder_paths")).status == 404


async def test_the_log_is_kept_and_sent_to_subscribers(host: Host) -> None:
    logger = logging.getLogger("tests.server")
    logger.addHandler(host.services.logs)
    try:
        for number in range(400):
            logger.warning("line %s", number)
        raw = await host.json("/internal/logs/raw")
        assert len(raw["entries"]) == 300
        assert "line 399" in raw["entries"][-1]["m"]
        assert set(raw["size"]) == {"cols", "rows"}
        assert "line 399" in await host.json("/internal/logs")
        async with host.client.ws_connect("/ws?clientId=me") as socket:
            await socket.receive_json()
            path = "/internal/logs/subscribe"
            answer = await host.client.patch(path, json={"clientId": "me", "enabled": True})
            assert answer.status == 200
            logger.warning("news of %s", "\udcff")
            message = await socket.receive_json()
            assert message["type"] == "logs"
            assert "news" in message["data"]["entries"][0]["m"]
            await host.client.patch(path, json={"clientId": "me", "enabled": False})
            assert host.services.logs.subscribers == set()
        assert (await host.client.patch(path, json={"clientId": 1})).status == 400
    finally:
        logger.removeHandler(host.services.logs)


async def test_figures_are_written_for_prometheus(host: Host) -> None:
    await host.until_done(await host.queue(show("x")))
    await host.client.get("/history/a")
    await host.client.request("PROPFIND", "/pot")
    answer = await host.client.get("/metrics")
    assert answer.content_type == "text/plain"
    text = await answer.text()
    assert "tessera_queue_remaining 0" in text
    assert 'tessera_workers{state="idle"} 1' in text
    assert '{method="POST",route="/prompt",status="200"} 1' in text
    assert 'route="/history/{prompt_id}"' in text
    assert 'route="/prompt",le="+Inf"' in text
    assert 'method="other"' in text
    types = [line for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    for line in text.splitlines():
        if not line.startswith("#"):
            float(line.rsplit(" ", 1)[1])


async def test_without_an_editor_the_start_page_says_so(host: Host) -> None:
    answer = await host.client.get("/")
    assert answer.content_type == "text/html"
    assert "no editor" in await answer.text()


async def test_the_editors_files_are_served_as_what_they_are(host: Host) -> None:
    host.put("web/index.html", b"<!doctype html>")
    host.put("web/src/main.js", b"export {}")
    host.put("web/a.svg", b"<svg/>")
    start = await host.client.get("/")
    assert await start.read() == b"<!doctype html>"
    assert start.headers["Cache-Control"] == "no-cache"
    assert "script-src" not in start.headers["Content-Security-Policy"]
    assert "default-src 'self'" in start.headers["Content-Security-Policy"]
    script = await host.client.get("/src/main.js")
    assert script.content_type == "text/javascript"
    assert script.headers["Cache-Control"] == "no-cache"
    drawing = await host.client.get("/a.svg")
    assert drawing.content_type == "image/svg+xml"
    assert drawing.headers["Cache-Control"] == "public, max-age=86400"
    missing = await host.client.get("/b.png")
    assert (missing.status, missing.headers["Cache-Control"]) == (404, "public, max-age=3600")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/nothing", 404),
        ("DELETE", "/prompt", 404),
        ("GET", "/history/a/b", 404),
    ],
)
async def test_an_unknown_address_is_answered_with_a_sentence(
    host: Host, method: str, path: str, status: int
) -> None:
    answer = await host.client.request(method, path)
    assert answer.status == status
    assert (await answer.json())["error"]["message"].endswith(".")

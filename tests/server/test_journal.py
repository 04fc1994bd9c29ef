"""The journal: what an artist did is there after any crash, and it does not grow for ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.server import journal as journals
from engine.server.answers import RequestError
from engine.server.journal import JournalGapError, JournalHead, Journals
from tests.server.server_host import Host

BASE = "/api/tessera/journal"
HEAD = JournalHead("Untitled")


async def begin(host: Host, journal: str = "doc-1", **changes: Any) -> int:
    body = {"title": "肖像", "file": "a.json", "document": {"nodes": [1]}, **changes}
    answer = await host.client.put(f"{BASE}/{journal}", json=body)
    assert answer.status == 200, await answer.text()
    version: int = (await answer.json())["version"]
    return version


async def test_a_document_is_there_with_all_its_edits(host: Host) -> None:
    version = await begin(host)
    for number in range(3):
        assert await host.post(f"{BASE}/doc-1/{version}/{number}", {"edit": [number]}) == 200
    assert await host.json(f"{BASE}/doc-1") == {
        "version": 1,
        "head": {"title": "肖像", "file": "a.json"},
        "document": {"nodes": [1]},
        "edits": [[0], [1], [2]],
    }
    (entry,) = await host.json(BASE)
    assert (entry["id"], entry["title"], entry["versions"]) == ("doc-1", "肖像", [1])


async def test_an_edit_that_does_not_follow_is_refused(host: Host) -> None:
    version = await begin(host)
    assert await host.post(f"{BASE}/doc-1/{version}/1", {"edit": 1}) == 409
    assert await host.post(f"{BASE}/doc-1/{version + 1}/0", {"edit": 1}) == 409
    assert await host.post(f"{BASE}/other/1/0", {"edit": 1}) == 409
    assert (await host.json(f"{BASE}/doc-1"))["edits"] == []


async def test_an_older_version_can_be_read(host: Host) -> None:
    await begin(host, document="first")
    await begin(host, document="second")
    assert (await host.json(f"{BASE}/doc-1"))["document"] == "second"
    assert (await host.json(f"{BASE}/doc-1?version=1"))["document"] == "first"


async def test_a_forgotten_document_is_gone(host: Host) -> None:
    await begin(host)
    assert (await host.client.delete(f"{BASE}/doc-1")).status == 204
    assert await host.json(BASE) == []
    assert (await host.client.get(f"{BASE}/doc-1")).status == 404
    assert (await host.client.delete(f"{BASE}/doc-1")).status == 204


@pytest.mark.parametrize("journal", ["%2e%2e", "a%2fb", "a.b", "x" * 65, "%00"])
async def test_an_id_is_no_path(host: Host, journal: str) -> None:
    body = {"title": "t", "document": 1}
    assert (await host.client.put(f"{BASE}/{journal}", json=body)).status in (400, 404, 405)
    assert [path.name for path in (host.base / "user").rglob("*.jsonl")] == []


@pytest.mark.parametrize("body", [{}, {"title": 1, "document": 1}, {"document": 1}, []])
async def test_what_is_no_document_is_refused(host: Host, body: Any) -> None:
    assert (await host.client.put(f"{BASE}/doc", json=body)).status == 400


def test_a_line_that_a_crash_cut_off_is_dropped_and_written_over(tmp_path: Path) -> None:
    version = Journals().begin(tmp_path, "a", HEAD, {})
    before = Journals()
    before.append(tmp_path, "a", version, 0, ["kept"])
    path = tmp_path / "journal" / "a" / "1.jsonl"
    with path.open("ab") as file:
        file.write(b'["half')
    after = Journals()  # as after a restart
    assert after.read(tmp_path, "a", None)["edits"] == [["kept"]]
    after.append(tmp_path, "a", version, 1, ["next"])
    assert after.read(tmp_path, "a", None)["edits"] == [["kept"], ["next"]]


def test_a_damaged_version_hides_only_what_follows_the_damage(tmp_path: Path) -> None:
    journal = Journals()
    version = journal.begin(tmp_path, "a", HEAD, {})
    for number in range(3):
        journal.append(tmp_path, "a", version, number, [number])
    path = tmp_path / "journal" / "a" / "1.jsonl"
    path.write_bytes(path.read_bytes().replace(b"[1]\n", b"\xff\xfe\n"))
    assert Journals().read(tmp_path, "a", None)["edits"] == [[0]]


def test_only_the_newest_versions_are_kept(tmp_path: Path) -> None:
    journal = Journals()
    for _ in range(journals.KEPT_VERSIONS + 3):
        journal.begin(tmp_path, "a", HEAD, {})
    (entry,) = journal.entries(tmp_path)
    assert entry.versions == [8, 7, 6, 5, 4]


def test_journals_that_were_left_longest_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setattr(journals, "KEPT_JOURNALS", 2)
    journal = Journals()
    for age, name in enumerate(("old", "older", "oldest")):
        journal.begin(tmp_path, name, HEAD, {})
        os.utime(tmp_path / "journal" / name / "1.jsonl", (1000 - age, 1000 - age))
    journal.begin(tmp_path, "new", HEAD, {})
    assert [entry.id for entry in journal.entries(tmp_path)] == ["new", "old"]


def test_a_long_version_asks_for_the_whole_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "VERSION_BYTES", 100)
    journal = Journals()
    version = journal.begin(tmp_path, "a", HEAD, {})
    with pytest.raises(RequestError, match="whole document"):
        journal.append(tmp_path, "a", version, 0, "x" * 200)


def test_a_journal_that_was_replaced_elsewhere_is_a_gap(tmp_path: Path) -> None:
    journal = Journals()
    version = journal.begin(tmp_path, "a", HEAD, {})
    journal.delete(tmp_path, "a")
    with pytest.raises(JournalGapError):
        journal.append(tmp_path, "a", version, 0, 1)


def test_lines_are_json_that_other_tools_read(tmp_path: Path) -> None:
    Journals().begin(tmp_path, "a", HEAD, {"x": "行\n2"})
    lines = (tmp_path / "journal" / "a" / "1.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"title": "Untitled", "file": None},
        {"x": "行\n2"},
    ]

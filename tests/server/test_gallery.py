"""The list of what was made, and small pictures of it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from engine.jobs import overview
from engine.jobs.messages import last_message
from engine.jobs.model import Job, JobState, NodeOutput
from engine.jobs.overview import Overview
from engine.jobs.store import JobStore
from tests.server.server_host import Host, picture, show

GALLERY = "/api/tessera/gallery"


async def finish(store: JobStore, job_id: str, text: str, label: str = "") -> None:
    """Put a job with one picture into the history."""
    prompt = {
        "3": {"class_type": "KSampler", "inputs": {"seed": 1, "text": text}},
        "4": {"class_type": "Loader", "inputs": {"ckpt_name": f"{job_id}.safetensors"}},
    }
    about = {"tessera": {"label": label}}
    await store.submit(Job(id=job_id, number=0.0, prompt=prompt, outputs=(), extra_data=about))
    images = [
        {"filename": f"{job_id}.png", "subfolder": "", "type": "output"},
        {"filename": "preview.png", "subfolder": "", "type": "temp"},
    ]
    shown = NodeOutput("9", {"images": images, "text": ["no file"]}, {})
    words = last_message(job_id, JobState.SUCCESS)
    assert await store.finish(job_id, JobState.SUCCESS, kept=[shown, words])


@pytest.fixture
async def store(host: Host) -> JobStore:
    found: JobStore = host.services.jobs.overview._store
    return found


async def names(host: Host, query: str = "") -> list[str]:
    page = await host.json(GALLERY + query)
    return [entry["id"] for entry in page["entries"]]


async def test_finished_jobs_are_listed_with_their_files_the_newest_first(
    host: Host, store: JobStore
) -> None:
    await finish(store, "a", "an apple", label="苹果")
    await finish(store, "b", "a pear")
    page = await host.json(GALLERY)
    assert [entry["id"] for entry in page["entries"]] == ["b", "a"]
    assert page["next"] is None
    apple = page["entries"][1]
    assert apple["label"] == "苹果"
    assert apple["files"] == [
        {"node": "9", "kind": "images", "filename": "a.png", "subfolder": "", "type": "output"}
    ]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("apple", ["a"]),
        ("PEAR", ["b"]),
        ("b.safetensors", ["b"]),
        ("b.png", ["b"]),
        ("ksampler", ["b", "a"]),
        ("ksampler apple", ["a"]),
        ("apple pear", []),
        ("梨", ["b"]),
        ("seed", []),  # names of inputs are in every prompt
        ("", ["b", "a"]),
    ],
)
async def test_jobs_are_found_by_text_model_node_type_and_label(
    host: Host, store: JobStore, search: str, found: list[str]
) -> None:
    await finish(store, "a", "an apple")
    await finish(store, "b", "a pear", label="梨")
    assert await names(host, f"?search={search}") == found


async def test_pages_follow_one_another(host: Host, store: JobStore) -> None:
    for name in "abcde":
        await finish(store, name, "")
    first = await host.json(f"{GALLERY}?limit=2")
    assert [entry["id"] for entry in first["entries"]] == ["e", "d"]
    assert await names(host, f"?limit=3&before={first['next']}") == ["c", "b", "a"]


async def test_one_search_looks_at_a_bounded_number_of_jobs(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "SCANNED", 2)
    for name in ("needle", "x", "y", "z"):
        await finish(store, name, "")
    jobs, before, found = Overview(store), None, []
    for _ in range(4):
        page = await jobs.finished(before, words=["needle.png"])
        found += [entry.id for entry in page.entries]
        before = page.next
        if before is None:
            break
    assert found == ["needle"]
    assert before is None


@pytest.mark.parametrize("query", ["?before=x", "?limit=-1", "?before=1.5", "?limit="])
async def test_what_is_no_number_is_refused(host: Host, query: str) -> None:
    assert (await host.client.get(GALLERY + query)).status == 400


async def test_a_running_job_is_in_the_list_once_it_finished(host: Host) -> None:
    prompt_id = await host.queue(show("x"))
    await host.until_done(prompt_id)
    assert await names(host) == [prompt_id]


async def test_a_thumbnail_is_small_and_kept_by_the_browser(host: Host) -> None:
    host.put("output/sub/a.png", picture((640, 320)))
    address = "/api/tessera/thumbnail?filename=a.png&subfolder=sub&edge=128"
    answer = await host.client.get(address)
    assert answer.status == 200
    with Image.open(io.BytesIO(await answer.read())) as small:
        assert (small.format, small.size) == ("WEBP", (128, 64))
    known = {"If-None-Match": answer.headers["ETag"]}
    assert (await host.client.get(address, headers=known)).status == 304


@pytest.mark.parametrize("edge", ["0", "31", "1025", "x", "-1"])
async def test_a_thumbnail_of_another_size_is_refused(host: Host, edge: str) -> None:
    host.put("output/a.png", picture())
    address = f"/api/tessera/thumbnail?filename=a.png&edge={edge}"
    assert (await host.client.get(address)).status == 400


async def test_no_thumbnail_leads_out_of_the_folder(host: Host) -> None:
    host.put("secret.png", picture())
    address = "/api/tessera/thumbnail?filename=secret.png&subfolder=.."
    assert (await host.client.get(address)).status == 403

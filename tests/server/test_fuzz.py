"""Generated requests: every one gets an answer, none brings the server down."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.models.folders import ModelFolders, inside
from engine.server.answers import RequestError, decode_json
from engine.server.paths import new_file, picture_file, user_file
from engine.server.routes.prompt import PromptBody
from engine.server.serving import content_disposition
from tests.server.fuzz_requests import fuzz

INPUTS = 2000
GROWTH_BYTES = 8 << 20


@pytest.mark.slow
@pytest.mark.timeout(600)  # a minute on a machine that is busy
async def test_generated_requests_bring_no_failure_no_hang_and_no_growth(tmp_path: Path) -> None:
    report = await fuzz(tmp_path, INPUTS, seed=20)
    assert report.failures == []
    assert report.answers[200] > INPUTS / 10
    assert report.answers[400] > INPUTS / 10
    assert report.dearest_s < 2
    assert report.grown_bytes < GROWTH_BYTES


def parts(text: str) -> st.SearchStrategy[str]:
    pieces = st.sampled_from(["..", ".", "/", "\\", "a", " ", "C:", "\0", "~", "[temp]", "link"])
    return st.lists(pieces | st.text(max_size=4), max_size=8).map(text.join)


@given(parts(""), parts("/"), st.sampled_from(["input", "output", "temp"]))
def test_no_name_resolves_outside_its_folder(name: str, subfolder: str, kind: str) -> None:
    folders = ModelFolders(Path("/srv/tessera"))
    for resolve in (picture_file, new_file):
        try:
            path = resolve(folders, name, kind, subfolder)
        except EngineError:
            continue
        assert path.is_relative_to("/srv/tessera")
        assert path.parts[3] in ("input", "output", "temp")
    for root in (Path("/srv/a"), Path("/srv/tessera/user/default")):
        try:
            assert user_file(root, name).is_relative_to(root)
            assert inside(root, subfolder, "file").is_relative_to(root)
        except EngineError:
            continue


@given(st.text(), st.sampled_from(["inline", "attachment"]))
def test_no_name_breaks_out_of_a_header(name: str, kind: str) -> None:
    value = content_disposition(name, kind)
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
    assert value.startswith(f'{kind}; filename="')


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_a_body_is_understood_or_refused(body: bytes) -> None:
    with contextlib.suppress(RequestError):
        assert isinstance(decode_json(body, PromptBody), PromptBody)

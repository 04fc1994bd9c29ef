"""Embedding files as artists have them, from the model folders into a prompt."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import FileFormatError
from engine.models.folders import ModelFolders
from engine.models.library import ModelLibrary
from engine.models.residency import Residency
from engine.text.clip import Clip
from engine.text.embeddings import EmbeddingLibrary
from nodes.conditioning.clip_text_encode import clip_text_encode
from tests.text.fake_clip import FakeNetwork, letter_tokenizer

VECTORS = torch.arange(12, dtype=torch.float32).reshape(2, 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models" / "embeddings" / "hands").mkdir(parents=True)
    return tmp_path / "models" / "embeddings"


@pytest.fixture
def clip(tmp_path: Path, folder: Path) -> Clip:
    residency = Residency(torch.device("cpu"))
    library = ModelLibrary(ModelFolders(tmp_path), residency, tmp_path / "conversions")
    embeddings = EmbeddingLibrary(library.folders, library.tensors)
    return Clip(FakeNetwork(), letter_tokenizer(), embeddings)


def vectors_in(clip: Clip, text: str) -> list[list[float]]:
    (chunk,) = clip.tokenize(text)["l"]
    return [token.tolist() for token, _ in chunk if isinstance(token, torch.Tensor)]


def test_a_safetensors_embedding_below_the_folder_is_found(clip: Clip, folder: Path) -> None:
    save_file({"emb_params": VECTORS.half()}, folder / "hands" / "good.safetensors")
    assert vectors_in(clip, "a embedding:good, b") == VECTORS.tolist()
    assert vectors_in(clip, "embedding:hands/good") == VECTORS.tolist()


def test_a_pickled_embedding_is_converted_and_read(clip: Clip, folder: Path) -> None:
    pickled = {
        "string_to_token": {"*": torch.tensor(265)},
        "string_to_param": {"*": torch.nn.Parameter(VECTORS)},
        "name": "bad",
        "step": 500,
        "sd_checkpoint": None,
    }
    torch.save(pickled, folder / "bad.pt")
    assert vectors_in(clip, "embedding:bad") == VECTORS.tolist()


def test_a_damaged_embedding_is_named(clip: Clip, folder: Path) -> None:
    (folder / "broken.safetensors").write_text("not tensors")
    with pytest.raises(FileFormatError, match=r"broken\.safetensors"):
        clip.encode("embedding:broken")


def test_a_name_cannot_leave_the_folder(clip: Clip, folder: Path) -> None:
    save_file({"emb_params": VECTORS}, folder.parent / "secret.safetensors")
    (problem,) = clip.prompt_problems("embedding:../secret")
    assert "'../secret' was not found" in problem


def test_a_prompt_is_keyed_by_the_embeddings_it_names(tmp_path: Path, folder: Path) -> None:
    for name in ("good.safetensors", "hands/other.safetensors"):
        save_file({"emb_params": VECTORS}, folder / name)
    folders = ModelFolders(tmp_path)
    reads = clip_text_encode.__node__.files  # type: ignore[attr-defined]
    named = {"text": "a (embedding:good:1.2), embedding:missing"}
    assert reads(named, folders) == [("embeddings", "good.safetensors")]
    assert reads({"text": "no inversion"}, folders) == []
    linked: dict[str, object] = {}
    assert [name for _, name in reads(linked, folders)] == folders.names("embeddings")

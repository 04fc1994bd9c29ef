"""Finding and reading textual inversion files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from engine.errors import FileFormatError
from engine.text.embeddings import EmbeddingLibrary, read_embedding
from tests.text.fake_clip import FakeFiles

VECTORS = torch.arange(12, dtype=torch.float32).reshape(2, 6)


def library(*names: str) -> EmbeddingLibrary:
    """Each file holds vectors that start with its place in the sorted list."""
    listed = sorted(names)

    def read(path: Path) -> Mapping[str, torch.Tensor]:
        return {"emb_params": VECTORS + listed.index(path.relative_to("embeddings").as_posix())}

    return EmbeddingLibrary(FakeFiles(*names), read)


@pytest.mark.parametrize(
    ("name", "found", "rest"),
    [
        ("bad", 1, ""),
        ("bad.pt", 1, ""),
        ("bad,", 1, ","),
        ("bad.pt,,", 1, ",,"),
        ("faces/ann", 2, ""),
        ("faces\\ann", 2, ""),
        ("ann", 2, ""),
        ("ann.safetensors", 2, ""),
        ("a,", 0, ""),
        ("both", 4, ""),
        ("both.pt", 3, ""),
    ],
)
def test_names_match_with_or_without_extension_folder_and_commas(
    name: str, found: int, rest: str
) -> None:
    files = ("a,.bin", "bad.pt", "faces/ann.safetensors", "hands/both.pt", "hands/both.safetensors")
    match = library(*files).match(name, width=6)
    assert match.vectors is not None
    assert match.vectors[0, 0] == found
    assert (match.rest, match.problem) == (rest, "")


def test_a_file_in_the_folder_itself_wins_over_one_below() -> None:
    match = library("a/bad.safetensors", "bad.bin").match("bad", width=6)
    assert match.vectors is not None
    assert match.vectors[0, 0] == 1


def test_an_unknown_name_is_a_problem_with_a_suggestion() -> None:
    match = library("EasyNegative.pt").match("easynegativ,", width=6)
    assert match.vectors is None
    assert match.rest == ","
    assert match.problem == (
        "The embedding 'easynegativ' was not found and is left out of the prompt. "
        'Did you mean "embedding:EasyNegative"?'
    )


def test_vectors_for_another_model_are_a_problem() -> None:
    match = library("big.pt").match("big", width=4)
    assert match.vectors is None
    assert "vectors of 6 numbers" in match.problem
    assert "needs 4" in match.problem


@pytest.mark.parametrize(
    "tensors",
    [
        {"emb_params": VECTORS},
        {"emb_params": VECTORS.half(), "step": torch.tensor(7)},
        {"string_to_param.*": VECTORS, "string_to_token.*": torch.tensor(265)},
        {"clip_l": VECTORS, "clip_g": torch.zeros(2, 9)},
        {"<my-cat>": VECTORS},
    ],
)
def test_known_layouts_are_read_as_float32(tensors: dict[str, torch.Tensor]) -> None:
    vectors = read_embedding(Path("x.pt"), lambda _: tensors)
    assert vectors.dtype == torch.float32
    assert torch.equal(vectors, VECTORS)


def test_a_single_vector_becomes_one_row() -> None:
    assert read_embedding(Path("x.pt"), lambda _: {"<cat>": VECTORS[0]}).shape == (1, 6)


@pytest.mark.parametrize(
    ("tensors", "problem"),
    [
        ({}, "it holds nothing"),
        ({"a": VECTORS, "b": VECTORS}, "it holds 'a', 'b'"),
        ({"emb_params": torch.zeros(2, 2, 2)}, "no embedding"),
        ({"emb_params": torch.zeros(2, 6, dtype=torch.int64)}, "no embedding"),
        ({"emb_params": torch.zeros(0, 6)}, "no embedding"),
        ({"emb_params": torch.tensor(1.0)}, "no embedding"),
        ({"emb_params": torch.tensor([[1.0, float("nan")]])}, "not finite"),
    ],
)
def test_other_files_are_refused_by_name(tensors: dict[str, torch.Tensor], problem: str) -> None:
    with pytest.raises(FileFormatError, match=problem) as caught:
        read_embedding(Path("x.pt"), lambda _: tensors)
    assert caught.value.path == Path("x.pt")

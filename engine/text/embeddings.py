"""Textual inversion: vectors from a file that stand where a prompt says `embedding:name`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeAlias

import torch

from engine.errors import FileFormatError, nearest_name, shorten
from engine.text.prompt import EmbeddingName, parse_prompt, split_embeddings

FOLDER = "embeddings"
EXTENSIONS = ("", ".safetensors", ".pt", ".bin")
"""Tried in this order after a name as written."""

TensorReader: TypeAlias = Callable[[Path], Mapping[str, torch.Tensor]]
"""Reads a weights file without running code in it; nested names are joined by dots."""


class EmbeddingFiles(Protocol):
    """The model folders, as far as embeddings need them."""

    def names(self, key: str) -> list[str]:
        """List the files under a folder key, by relative path."""
        ...

    def resolve(self, key: str, name: str) -> Path:
        """Return the path of a listed file."""
        ...


@dataclass(frozen=True, slots=True)
class EmbeddingMatch:
    """What a name in a prompt stands for.

    Attributes:
        vectors: (N, D) tensor, or None when the embedding cannot be used.
        rest: Text after the name that is not part of it: trailing commas.
        problem: Why there are no vectors, for the artist; "" when there are.
    """

    vectors: torch.Tensor | None
    rest: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class EmbeddingLibrary:
    """Finds and reads the artist's embeddings; nothing is kept between calls.

    Attributes:
        files: Where they lie.
        read_tensors: Reads one of them.
    """

    files: EmbeddingFiles
    read_tensors: TensorReader

    def match(self, name: str, width: int) -> EmbeddingMatch:
        """Look a name up as written, then without trailing commas.

        Args:
            width: D that the text encoder needs.

        Raises: FileFormatError, when the file is damaged or holds no embedding.
        """
        known = self.files.names(FOLDER)
        bare = name.rstrip(",")
        for candidate in dict.fromkeys((name, bare)):
            if file := _find(candidate, known):
                path = self.files.resolve(FOLDER, file)
                vectors = read_embedding(path, self.read_tensors)
                rest = name[len(candidate) :]
                if vectors.shape[1] == width:
                    return EmbeddingMatch(vectors, rest)
                return EmbeddingMatch(None, rest, _width_problem(file, vectors, width))
        return unknown_embedding(name, known)


def mentioned_files(text: str, known: Sequence[str]) -> list[str]:
    """List those of the `known` files that a prompt names as embeddings.

    A name with trailing commas may mean two files; both are listed.
    """
    names = (
        part.name
        for segment in parse_prompt(text)
        for part in split_embeddings(segment.text)
        if isinstance(part, EmbeddingName)
    )
    candidates = (candidate for name in names for candidate in (name, name.rstrip(",")))
    files = (_find(candidate, list(known)) for candidate in candidates)
    return list(dict.fromkeys(file for file in files if file is not None))


def unknown_embedding(name: str, known: Sequence[str] = ()) -> EmbeddingMatch:
    """Return the match of a name that no file bears."""
    bare = name.rstrip(",")
    stems = {str(PurePosixPath(file.replace("\\", "/")).with_suffix("")) for file in known}
    near = nearest_name(bare, sorted(stems))
    hint = f' Did you mean "embedding:{near}"?' if near else ""
    problem = f"The embedding {shorten(bare)} was not found and is left out of the prompt.{hint}"
    return EmbeddingMatch(None, name[len(bare) :], problem)


def read_embedding(path: Path, read_tensors: TensorReader) -> torch.Tensor:
    """Return the (N, D) float32 vectors of an embedding file.

    Known are `emb_params` (safetensors), `string_to_param` (the web UI's .pt), `clip_l` (SDXL
    pairs: the part for the smaller encoder) and files with a single tensor (diffusers).

    Raises: FileFormatError, when none of them fits.
    """
    tensors = read_tensors(path)
    found = [
        tensor
        for name, tensor in tensors.items()
        if name in ("emb_params", "clip_l") or name.split(".")[0] == "string_to_param"
    ] or list(tensors.values())
    if len(found) != 1 or not _is_vectors(found[0]):
        names = ", ".join(map(shorten, list(tensors)[:5])) or "nothing"
        raise FileFormatError(path, f"it is no embedding: it holds {names}")
    vectors = found[0].reshape(-1, found[0].shape[-1]).to("cpu", torch.float32)
    if not vectors.isfinite().all():
        raise FileFormatError(path, "its embedding holds values that are not finite")
    return vectors


def _is_vectors(tensor: torch.Tensor) -> bool:
    return tensor.ndim in (1, 2) and tensor.numel() > 0 and tensor.is_floating_point()


def _find(name: str, known: list[str]) -> str | None:
    """Return the file a name means: by its path in the folder, or by its own name anywhere."""
    paths = {file.replace("\\", "/"): file for file in known}
    own_names: dict[str, str] = {}
    for path in paths:
        own_names.setdefault(PurePosixPath(path).name, paths[path])
    wanted = name.replace("\\", "/")
    for files in (paths, own_names):
        for extension in EXTENSIONS:
            if wanted + extension in files:
                return files[wanted + extension]
    return None


def _width_problem(file: str, vectors: torch.Tensor, width: int) -> str:
    return (
        f"The embedding {shorten(file)} has vectors of {vectors.shape[1]} numbers and this text "
        f"encoder needs {width}: it was made for another model and is left out of the prompt."
    )

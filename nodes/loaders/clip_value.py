"""Joins a text network with its tokenizer and the artist's embeddings."""

from __future__ import annotations

from engine.errors import FileFormatError
from engine.models.library import ModelLibrary
from engine.models.text_network import ClipTextNetwork
from engine.text.clip import Clip
from engine.text.embeddings import EmbeddingLibrary
from engine.text.tokenizer import default_tokenizer


def clip_of(library: ModelLibrary, network: ClipTextNetwork) -> Clip:
    """Return the CLIP value of a text network.

    Raises: FileFormatError, when the network knows fewer tokens than CLIP's tokenizer.
    """
    tokenizer = default_tokenizer()
    if network.vocabulary < tokenizer.size:
        raise FileFormatError(
            network.component.source.path,
            f"its text encoder knows {network.vocabulary} tokens, CLIP's tokenizer has"
            f" {tokenizer.size}",
            "It needs a tokenizer of its own, which is not supported.",
        )
    return Clip(network, tokenizer, EmbeddingLibrary(library.folders, library.tensors))

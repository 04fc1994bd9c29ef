"""Joins a text network with its tokenizer and the artist's embeddings."""

from __future__ import annotations

from engine.errors import FileFormatError
from engine.models.library import ModelLibrary
from engine.models.text_network import ClipTextNetwork
from engine.text.clip import Clip
from engine.text.embeddings import EmbeddingLibrary
from engine.text.tokenizer import tokenizer_in


def clip_of(library: ModelLibrary, network: ClipTextNetwork) -> Clip:
    """Return the CLIP value of a text network, with the tokenizer its file brings or CLIP's.

    Raises: FileFormatError, when the network knows fewer tokens than the tokenizer;
        VocabularyError.
    """
    source = network.component.source
    tokenizer = tokenizer_in(source.path, source.metadata)
    if network.vocabulary < tokenizer.size:
        raise FileFormatError(
            source.path,
            f"its text encoder knows {network.vocabulary} tokens, its tokenizer has"
            f" {tokenizer.size}",
            'A vocabulary of its own belongs into the metadata "tessera.tokenizer".',
        )
    return Clip(network, tokenizer, EmbeddingLibrary(library.folders, library.tensors))

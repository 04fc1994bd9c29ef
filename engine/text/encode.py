"""Turns chunks of weighted tokens into text conditioning."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.text.chunks import Chunk, ChunkLayout
from engine.text.network import ClipForward, ClipNetwork

# A prompt of 6,000 words still is one forward pass; a pasted book does not exhaust the memory.
_CHUNKS_PER_PASS = 64


def encode_chunks(
    network: ClipNetwork, layout: ChunkLayout, chunks: Sequence[Chunk], layer: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode each chunk by itself and join them on the token axis.

    With a weight other than 1, a token's vector z becomes z0 + w (z - z0), where z0 is the vector
    at its place in the encoding of the empty prompt.

    Args:
        chunks: At least one; all as long as the layout says.
        layer: As `ClipForward` takes it.

    Returns: hidden (1, chunks * T, D) and pooled (1, D) of the first chunk, float32 on the CPU.
    """
    weights = torch.tensor(
        [[weight for _, weight in chunk] for chunk in chunks], dtype=torch.float32
    )
    weighted = bool((weights != 1).any())
    rows = [*chunks, *layout.pack([])] if weighted else chunks
    passes = []
    with network.loaded() as forward, torch.no_grad():
        for at in range(0, len(rows), _CHUNKS_PER_PASS):
            passes.append(_forward(forward, layout, rows[at : at + _CHUNKS_PER_PASS], layer))
    hidden = torch.cat([hidden for hidden, _ in passes])
    if weighted:
        # lerp returns its end exactly for a weight of 1, so plain tokens keep their bits.
        hidden = torch.lerp(hidden[-1], hidden[:-1], weights[:, :, None])
    return hidden.reshape(1, -1, hidden.shape[-1]), passes[0][1][:1]


def _forward(
    forward: ClipForward, layout: ChunkLayout, chunks: Sequence[Chunk], layer: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Run the network once: hidden (B, T, D) and pooled (B, D), float32 on the CPU."""
    ids = torch.tensor(
        [
            [layout.pad if isinstance(token, torch.Tensor) else token for token, _ in chunk]
            for chunk in chunks
        ]
    )
    embeddings = forward.token_embeddings(ids)
    vectors = [
        (row, column, token)
        for row, chunk in enumerate(chunks)
        for column, (token, _) in enumerate(chunk)
        if isinstance(token, torch.Tensor)
    ]
    if vectors:
        embeddings = embeddings.clone()
        for row, column, vector in vectors:
            embeddings[row, column] = vector.to(embeddings)
    ends = torch.tensor([layout.end_position(chunk) for chunk in chunks])
    hidden, pooled = forward(embeddings, ends, layer)
    return hidden.to("cpu", torch.float32), pooled.to("cpu", torch.float32)

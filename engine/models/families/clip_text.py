"""The text network of CLIP (arXiv:2103.00020) in the names `transformers` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from typing import TYPE_CHECKING, Final

from engine.models.families.naming import Shapes

if TYPE_CHECKING:
    from torch import nn

_INNER: Final = "text_model."
_HEAD_WIDTH: Final = 64
"""Width of an attention head in every published CLIP text network."""


@dataclass(frozen=True, slots=True)
class ClipShape:
    """What the weights say about a CLIP text network."""

    width: int
    layers: int
    vocabulary: int
    positions: int
    mlp_width: int

    @property
    def usual_heads(self) -> int:
        """Attention heads, which the weights do not say."""
        return max(1, self.width // _HEAD_WIDTH)


def inner_names(names: Mapping[str, str]) -> dict[str, str]:
    """Cut "text_model." off, which some files have and some have not; drop `position_ids`."""
    cut = {name.removeprefix(_INNER): full for name, full in names.items()}
    return {n: f for n, f in cut.items() if n.startswith(("embeddings.", "encoder.", "final_"))
            and not n.endswith("position_ids")}  # fmt: skip


def read_shape(shapes: Shapes) -> ClipShape:
    """Infer the network's shape. Raises: KeyError, with the weight that was looked for."""
    layers = (f"encoder.layers.{layer}.mlp.fc1.weight" for layer in count())
    vocabulary, width = shapes["embeddings.token_embedding.weight"]
    return ClipShape(
        width=width,
        layers=sum(1 for _ in takewhile(shapes.__contains__, layers)),
        vocabulary=vocabulary,
        positions=shapes["embeddings.position_embedding.weight"][0],
        mlp_width=shapes["encoder.layers.0.mlp.fc1.weight"][0],
    )


def build(shape: ClipShape, heads: int) -> nn.Module:
    """Make the network on the meta device."""
    import torch
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.mlp_width,
        num_hidden_layers=shape.layers,
        num_attention_heads=heads,
        max_position_embeddings=shape.positions,
        projection_dim=shape.width,
        bos_token_id=shape.vocabulary - 2,  # where every CLIP vocabulary has them
        eos_token_id=shape.vocabulary - 1,
    )
    with torch.device("meta"):
        outer = CLIPTextModel(config)
    # Some releases of transformers wrap the network once more.
    network: nn.Module = getattr(outer, "text_model", outer)
    return network

"""`Clip` around a tiny text model of transformers, against that model called directly."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.text.clip import Clip
from tests.text.fake_clip import TransformersNetwork, letter_tokenizer

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def model() -> Any:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(3)
    config = transformers.CLIPTextConfig(
        vocab_size=55,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=20,
        bos_token_id=52,
        eos_token_id=53,
        pad_token_id=54,
        attn_implementation="eager",
    )
    return transformers.CLIPTextModel(config).eval()


def ids_of(text: str) -> torch.Tensor:
    ids = [52, *letter_tokenizer().encode(text), 53]
    return torch.tensor([ids + [54] * (20 - len(ids))])


@pytest.mark.parametrize("layer", [-1, -2, -3])
def test_a_plain_prompt_equals_the_models_hidden_state(model: Any, layer: int) -> None:
    clip = Clip(TransformersNetwork(model), letter_tokenizer(), layer=layer)
    ((hidden, extra),) = clip.encode("a quick fox")
    with torch.no_grad():
        direct = model(ids_of("a quick fox"), output_hidden_states=True)
        expected = model.final_layer_norm(direct.hidden_states[layer])
    # Float32 sums in another order: a few units in the last place of values near 1.
    torch.testing.assert_close(hidden, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(extra["pooled_output"], direct.pooler_output, rtol=1e-5, atol=1e-5)


def test_weights_and_chunks_equal_the_formula_applied_to_the_model(model: Any) -> None:
    clip = Clip(TransformersNetwork(model), letter_tokenizer())
    prompt = "(quick:1.3) brown foxes jump"
    ((hidden, _),) = clip.encode(prompt)
    ids = [[token for token, _ in chunk] for chunk in clip.tokenize(prompt)["l"]]
    assert len(ids) == 2
    with torch.no_grad():
        first, second, empty = (
            model(row).last_hidden_state
            for row in (torch.tensor(ids[:1]), torch.tensor(ids[1:]), ids_of(""))
        )
    expected = torch.cat([first, second], 1)
    expected[:, 1:6] = empty[:, 1:6] + 1.3 * (first[:, 1:6] - empty[:, 1:6])
    torch.testing.assert_close(hidden, expected, rtol=1e-5, atol=1e-5)

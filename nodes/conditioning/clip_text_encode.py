"""CLIPTextEncode: a prompt becomes conditioning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from engine.registry.decorator import node
from engine.registry.spec import Folders
from engine.registry.widgets import Text
from engine.text.clip import PromptChecker
from engine.text.embeddings import FOLDER, mentioned_files
from engine.types import Clip, Conditioning, NodeResult, Ui


def embedding_files(literals: Mapping[str, Any], folders: Folders) -> list[tuple[str, str]]:
    """List the embeddings a prompt reads; all there are when the prompt comes through a link."""
    known = folders.names(FOLDER)
    text = literals.get("text")
    named = mentioned_files(text, known) if isinstance(text, str) else known
    return [(FOLDER, name) for name in named]


@node(
    "CLIPTextEncode",
    category="conditioning",
    title="CLIP Text Encode (Prompt)",
    files=embedding_files,
)
def clip_text_encode(
    text: Annotated[str, Text(multiline=True, dynamic_prompts=True)], clip: Clip
) -> Conditioning | NodeResult:
    r"""Turn a prompt into what a diffusion model is guided by.

    `(word)` makes a word count for more, `(word:1.3)` sets how much, `\(` and `\)` are plain
    parentheses. `embedding:name` inserts a textual inversion from the embeddings folder; one that
    cannot be used is left out, and the node says so. Prompts of more than 75 tokens go on in
    further chunks.

    Args:
        text: The prompt.
        clip: The text encoder, from a loader.
    """
    conditioning = clip.encode(text)
    problems = clip.prompt_problems(text) if isinstance(clip, PromptChecker) else []
    if not problems:
        return conditioning
    return NodeResult((conditioning,), Ui(warnings=problems))

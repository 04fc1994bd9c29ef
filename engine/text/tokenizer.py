"""Splits text into the tokens of a CLIP vocabulary."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError, FileFormatError, shorten

if TYPE_CHECKING:
    import tokenizers

START_TOKEN = "<|startoftext|>"  # noqa: S105 - no password
END_TOKEN = "<|endoftext|>"  # noqa: S105

METADATA_KEY = "tessera.tokenizer"
"""Key in a safetensors file's metadata for the merges of its text encoder, as in merges.txt."""

_DATA = Path(__file__).parent / "data" / "bpe_simple_vocab_16e6.txt.gz"
# 49,408 entries: 256 bytes, 256 bytes that end a word, the merges, two special tokens.
# Source: openai/CLIP, clip/simple_tokenizer.py.
_MERGES = 49_408 - 256 - 256 - 2
# How CLIP cuts text into words, special tokens aside. Source: as above.
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


class VocabularyError(EngineError):
    """A vocabulary lacks a special token or a symbol of its merges.

    Attributes:
        token: The missing token.
    """

    code = "bad_vocabulary"

    def __init__(self, token: str, size: int) -> None:
        self.token = token
        super().__init__(
            f"A CLIP vocabulary of {size} entries lacks the token {shorten(token)}. "
            "Use the vocabulary and merges that belong to the text encoder."
        )


@dataclass(frozen=True)
class ClipTokenizer:
    """Byte-level BPE with end-of-word marks, as CLIP was trained with.

    Text is brought to Unicode form NFC, whitespace becomes single spaces, letters lower case.
    This is what `transformers`, and so diffusers, does. OpenAI's own release also repaired broken
    encodings with ftfy and resolved HTML entities ("&amp;"); prompts are typed by hand, and what
    is typed stays. Beyond that the ids differ from OpenAI's for U+0345, for "'ſ", and for a
    capital sigma at a word's end only. Unlike older releases of `transformers` without ftfy,
    Chinese characters are not set apart: CLIP never saw them so.

    CLIP's vocabulary covers every byte; a smaller one leaves out what it lacks.

    Attributes:
        start: Id of the token before a chunk's text.
        end: Id of the token after it.
        pad: Id that fills a chunk's rest; Stable Diffusion 1.x uses the end token.
        size: Number of entries, special tokens included.
    """

    backend: tokenizers.Tokenizer
    start: int
    end: int
    pad: int
    size: int

    @classmethod
    def from_vocabulary(
        cls,
        vocabulary: Mapping[str, int],
        merges: Sequence[tuple[str, str]],
        *,
        start: str = START_TOKEN,
        end: str = END_TOKEN,
        pad: str | None = None,
    ) -> ClipTokenizer:
        """Build a tokenizer from symbols with ids, and merges, best first.

        Args:
            pad: Padding token; None pads with `end`.

        Raises: VocabularyError, when a special token or a symbol of a merge has no id.
        """
        pad = end if pad is None else pad
        needed = chain((start, end, pad), *((a, b, a + b) for a, b in merges))
        for token in needed:
            if token not in vocabulary:
                raise VocabularyError(token, len(vocabulary))
        backend = _backend(vocabulary, merges, start, end)
        return cls(
            backend, vocabulary[start], vocabulary[end], vocabulary[pad], backend.get_vocab_size()
        )

    @classmethod
    def from_files(
        cls,
        vocabulary: Path,
        merges: Path,
        *,
        start: str = START_TOKEN,
        end: str = END_TOKEN,
        pad: str | None = None,
    ) -> ClipTokenizer:
        """Build a tokenizer from `vocab.json` and `merges.txt`, as diffusers folders have them.

        Raises: FileFormatError, VocabularyError, OSError.
        """
        return cls.from_vocabulary(
            _read_vocabulary(vocabulary), _read_merges(merges), start=start, end=end, pad=pad
        )

    @classmethod
    def from_merges(cls, merges: Sequence[tuple[str, str]]) -> ClipTokenizer:
        """Build a tokenizer from merges alone, numbered as CLIP numbers its symbols.

        First the 256 bytes, then the same at a word's end, the merges, start and end token.

        Raises: VocabularyError, when a merge joins symbols that no merge before it made.
        """
        letters = byte_letters()
        symbols = [*letters, *(f"{letter}</w>" for letter in letters)]
        symbols += [first + second for first, second in merges]
        symbols = list(dict.fromkeys(symbols))  # two merges may make the same symbol
        symbols += [START_TOKEN, END_TOKEN]
        return cls.from_vocabulary({symbol: i for i, symbol in enumerate(symbols)}, merges)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without start and end tokens."""
        ids: list[int] = self.backend.encode(_without_surrogates(text)).ids
        return ids


@functools.cache
def default_tokenizer() -> ClipTokenizer:
    """Return the tokenizer of OpenAI's CLIP, which Stable Diffusion 1.x uses."""
    with gzip.open(_DATA, "rt", encoding="utf-8") as lines:
        return ClipTokenizer.from_merges(
            [_pair(line.rstrip("\n")) for line in islice(lines, 1, 1 + _MERGES)]
        )


def tokenizer_in(path: Path, metadata: Mapping[str, str]) -> ClipTokenizer:
    """Return the tokenizer a safetensors file brings, or CLIP's where it brings none.

    Raises: FileFormatError, VocabularyError.
    """
    text = metadata.get(METADATA_KEY)
    if text is None:
        return default_tokenizer()
    try:
        merges = [_pair(line) for line in text.splitlines() if line]
    except ValueError as error:
        problem = f'its metadata "{METADATA_KEY}" is not a list of token pairs'
        raise FileFormatError(path, problem) from error
    return ClipTokenizer.from_merges(merges)


def tokenizer_metadata(merges: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the metadata from which `tokenizer_in` makes the tokenizer again."""
    return {METADATA_KEY: "".join(f"{first} {second}\n" for first, second in merges)}


def _backend(
    vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]], start: str, end: str
) -> tokenizers.Tokenizer:
    from tokenizers import AddedToken, Tokenizer, models

    model = models.BPE(
        vocab=dict(vocabulary),
        merges=list(merges),
        continuing_subword_prefix="",
        end_of_word_suffix="</w>",
    )
    backend = Tokenizer(model)
    split_as_clip(backend)
    backend.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in (start, end)]
    )
    return backend


def split_as_clip(backend: tokenizers.Tokenizer) -> None:
    """Let a tokenizer normalise text and cut it into words as CLIP does."""
    from tokenizers import Regex, normalizers, pre_tokenizers

    backend.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def byte_letters() -> list[str]:
    """List the visible letters that stand for bytes, in the order of CLIP's first 256 ids.

    Printable Latin-1 bytes stand for themselves and come first; the others follow as U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(byte) for byte in printable] + [chr(0x100 + i) for i in range(256 - len(printable))]


def _read_vocabulary(path: Path) -> dict[str, int]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(path, "it is not valid JSON") from error
    if not isinstance(found, dict) or not all(type(i) is int for i in found.values()):
        raise FileFormatError(path, "it does not map tokens to numbers")
    return found


def _read_merges(path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
        return [_pair(line) for line in lines if line and not line.startswith("#version")]
    except ValueError as error:
        raise FileFormatError(path, "it is not a list of token pairs") from error


def _pair(line: str) -> tuple[str, str]:
    first, second = line.split(" ")
    return first, second


def _without_surrogates(text: str) -> str:
    """Replace lone surrogates, which JSON may smuggle in and UTF-8 cannot hold, by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

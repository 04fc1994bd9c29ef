"""The CLIP tokenizer: known ids, own vocabularies, and parity with transformers."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import FileFormatError
from engine.text import tokenizer as module
from engine.text.tokenizer import ClipTokenizer, VocabularyError, default_tokenizer
from tests.text.fake_clip import letter_tokenizer

SCRIPTS = st.text(
    st.one_of(
        st.characters(max_codepoint=0x17F, exclude_categories=["Cs"]),
        st.sampled_from("你好世界，（）猫のカタカナ 한국어 Ελλάς Привет שלום العربية हिन्दी ไทย"),
        st.sampled_from("😀👩‍🎨🇫🇷🏳️‍🌈ﬁﬃ№½²①İıßſÅÅé\u00a0\u3000\u200b\u2028\u0085'’"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=40,
)


def test_the_vocabulary_has_the_size_and_special_tokens_of_clip() -> None:
    tokenizer = default_tokenizer()
    assert (tokenizer.size, tokenizer.start, tokenizer.end) == (49_408, 49_406, 49_407)
    assert tokenizer.pad == tokenizer.end


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a photo of a cat", [320, 1125, 539, 320, 2368]),  # openai/CLIP, README's example class
        ("A  Photo\nof a CAT ", [320, 1125, 539, 320, 2368]),
        ("", []),
        (" \t\n", []),
    ],
)
def test_case_and_spacing_do_not_matter(text: str, ids: list[int]) -> None:
    assert default_tokenizer().encode(text) == ids


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert default_tokenizer().encode("cafe\u0301") == default_tokenizer().encode("caf\u00e9")


def test_a_lone_surrogate_is_a_replacement_character() -> None:
    assert default_tokenizer().encode("a\ud83d") == default_tokenizer().encode("a\ufffd")


@given(SCRIPTS)
def test_ids_are_in_the_vocabulary(text: str) -> None:
    assert all(0 <= token < 49_406 for token in default_tokenizer().encode(text))


def test_ten_times_the_tokens_take_about_ten_times_as_long() -> None:
    texts = ["a photo of an astronaut riding a horse, " * count for count in (50, 500)]
    assert len(default_tokenizer().encode(texts[1])) > 4000
    times: list[list[float]] = [[], []]
    for _ in range(20):
        for text, taken in zip(texts, times, strict=True):
            started = time.process_time()
            default_tokenizer().encode(text)
            taken.append(time.process_time() - started)
    assert min(times[1]) < 40 * min(times[0])  # 100, if it grew with the square


def test_a_vocabulary_of_its_own_is_read_from_files(tmp_path: Path) -> None:
    vocabulary = {"a": 0, "b": 1, "b</w>": 2, "ab</w>": 3, "[": 4, "]": 5, "_": 6}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b</w>\n")
    tokenizer = ClipTokenizer.from_files(
        tmp_path / "vocab.json", tmp_path / "merges.txt", start="[", end="]", pad="_"
    )
    assert (tokenizer.start, tokenizer.end, tokenizer.pad, tokenizer.size) == (4, 5, 6, 7)
    assert tokenizer.encode("Ab aab") == [3, 0, 3]


def test_letters_are_tokens_of_the_letter_vocabulary() -> None:
    assert letter_tokenizer().encode("ab c") == [0, 27, 28]


def test_what_a_small_vocabulary_lacks_is_left_out() -> None:
    assert letter_tokenizer().encode("a, \u00e9b!") == [26, 27]


@pytest.mark.parametrize(
    ("vocabulary", "merges", "missing"),
    [
        ({"a": 0, "<s>": 1}, [], "<e>"),
        ({"a": 0, "b": 3, "<s>": 1, "<e>": 2}, [("a", "b")], "ab"),
    ],
)
def test_an_incomplete_vocabulary_is_refused(
    vocabulary: dict[str, int], merges: list[tuple[str, str]], missing: str
) -> None:
    with pytest.raises(VocabularyError, match="lacks the token") as caught:
        ClipTokenizer.from_vocabulary(vocabulary, merges, start="<s>", end="<e>")
    assert caught.value.token == missing


@pytest.mark.parametrize("content", ["{", "[]", '{"a": "b"}', "[" * 100_000])
def test_a_damaged_vocabulary_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "vocab.json").write_text(content)
    (tmp_path / "merges.txt").write_text("")
    with pytest.raises(FileFormatError, match=r"vocab\.json"):
        ClipTokenizer.from_files(tmp_path / "vocab.json", tmp_path / "merges.txt")


def test_a_damaged_merges_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text("{}")
    (tmp_path / "merges.txt").write_text("a b c\n")
    with pytest.raises(FileFormatError, match=r"merges\.txt"):
        ClipTokenizer.from_files(tmp_path / "vocab.json", tmp_path / "merges.txt")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> object:
    """CLIPTokenizer of transformers, with files written from the same merges."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("clip")
    tokenizer = default_tokenizer()
    with gzip.open(module._DATA, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")[1 : 1 + module._MERGES]
    (folder / "vocab.json").write_text(json.dumps(tokenizer.backend.get_vocab()), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(lines), "utf-8")
    return transformers.CLIPTokenizer.from_pretrained(folder)


@pytest.mark.parity
@settings(max_examples=600, deadline=None)
@given(text=SCRIPTS)
@example("don't I'LL we've 'S ''s 12 3.5 a_b a-b!!?")
@example("<|endoftext|> <|startoftext|> <|ENDOFTEXT|>")
def test_ids_equal_those_of_transformers(reference: object, text: str) -> None:
    expected = reference(text).input_ids  # type: ignore[operator]
    assert [49_406, *default_tokenizer().encode(text), 49_407] == expected

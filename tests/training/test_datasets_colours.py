"""Colour words: measured on pictures, put into captions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.training.datasets.colours import (
    BACKGROUNDS,
    dominant_colour,
    turn_hue,
    with_article,
    with_colour,
    without_article,
)


def filled(*rgb: int, alpha: int = 255) -> NDArray[np.uint8]:
    return np.broadcast_to(np.array([*rgb, alpha], np.uint8), (8, 8, 4)).copy()


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((220, 20, 30), "red"),
        ((250, 140, 20), "orange"),
        ((250, 220, 40), "yellow"),
        ((40, 180, 60), "green"),
        ((30, 90, 230), "blue"),
        ((120, 50, 200), "purple"),
        ((250, 110, 180), "pink"),
        ((120, 75, 40), "brown"),
        ((250, 250, 250), "white"),
        ((150, 150, 150), "gray"),
        ((20, 20, 20), "black"),
    ],
)
def test_plain_colours_have_their_names(rgb: tuple[int, int, int], word: str) -> None:
    assert dominant_colour(filled(*rgb)) == word


@pytest.mark.parametrize("word", BACKGROUNDS)
def test_backgrounds_are_measured_as_what_they_are_called(word: str) -> None:
    assert dominant_colour(filled(*BACKGROUNDS[word])) == word


def test_no_word_fits_a_picture_of_many_colours() -> None:
    stripes = [(220, 20, 30), (250, 220, 40), (40, 180, 60), (30, 90, 230)]
    picture = np.concatenate([filled(*rgb) for rgb in stripes])
    assert dominant_colour(picture) is None


def test_what_is_transparent_does_not_count() -> None:
    picture = np.concatenate([filled(220, 20, 30), filled(30, 90, 230, alpha=0)])
    assert dominant_colour(picture) == "red"
    assert dominant_colour(filled(1, 2, 3, alpha=0)) is None


def test_small_coloured_parts_do_not_name_a_white_object() -> None:
    picture = np.concatenate([filled(250, 250, 250)] * 5 + [filled(220, 20, 30)])
    assert dominant_colour(picture) == "white"


def test_turning_by_a_third_takes_red_to_green_to_blue() -> None:
    red = filled(220, 20, 30)
    assert dominant_colour(turn_hue(red, 120)) == "green"
    assert dominant_colour(turn_hue(red, 240)) == "blue"


@given(st.integers(-720, 720))
def test_turning_leaves_light_and_transparency(degrees: int) -> None:
    picture = filled(200, 40, 90, alpha=77)
    turned = turn_hue(picture, degrees)
    assert turned.shape == picture.shape
    assert (turned[..., 3] == 77).all()
    assert abs(int(turned[0, 0, :3].max()) - 200) <= 2


@pytest.mark.parametrize(
    ("caption", "recoloured"),
    [
        ("a red apple", "an orange apple"),
        ("car", "orange car"),
        ("blue car", "orange car"),
        ("an umbrella", "an orange umbrella"),
        ("some red cherries", "some orange cherries"),
        ("the black cat, animal", "an orange cat, animal"),
        ("a redwood", "an orange redwood"),
        ("", "orange "),
        ("苹果", "orange 苹果"),
    ],
)
def test_a_caption_names_the_new_colour(caption: str, recoloured: str) -> None:
    assert with_colour(caption, "orange") == recoloured


def test_articles_come_and_go() -> None:
    assert [with_article(name) for name in ("apple", "car", "some grapes", "the sun")] == [
        *("an apple", "a car", "some grapes", "the sun"),
    ]
    assert without_article("An apple") == "apple"
    assert without_article("anchor") == "anchor"

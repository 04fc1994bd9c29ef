"""Which outputs may feed which inputs (contract §4.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.registry.matching import types_match
from engine.registry.v3.sockets import WireType
from engine.registry.widgets import AnyType

NAMES = st.sampled_from(["IMAGE", "MASK", "INT", "FLOAT", "STRING", "*"])
TYPES = st.one_of(
    NAMES,
    st.lists(NAMES, min_size=1, max_size=3).map(",".join),
    st.lists(st.sampled_from(["a", "b"]), max_size=2),
)


class PackAny(str):
    """As packs write it: only `!=` is overridden."""

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False


@given(TYPES)
def test_a_type_matches_itself(wire_type: object) -> None:
    assert types_match(wire_type, wire_type)


@given(TYPES, TYPES)
def test_plain_types_match_in_both_directions_or_in_none(first: object, second: object) -> None:
    assert types_match(first, second) == types_match(second, first)


@given(TYPES)
@pytest.mark.parametrize("anything", [PackAny("*"), AnyType("*"), WireType("*")])
def test_a_type_that_denies_every_difference_matches_all_strings(
    anything: str, wire_type: object
) -> None:
    if isinstance(wire_type, str) or not isinstance(anything, WireType):
        assert types_match(wire_type, anything)
        assert types_match(anything, wire_type)


@given(st.lists(NAMES, min_size=1), st.lists(NAMES, min_size=1))
def test_comma_lists_match_when_they_share_a_part(first: list[str], second: list[str]) -> None:
    shared = bool(set(first) & set(second))

    assert types_match(",".join(first), ", ".join(second)) == shared


def test_a_plain_star_is_no_wildcard() -> None:
    assert not types_match("IMAGE", "*")
    assert not types_match("*", "IMAGE")


def test_menus_match_only_the_same_menu() -> None:
    assert types_match(["a", "b"], ["a", "b"])
    assert not types_match(["a", "b"], ["b", "a"])
    assert not types_match("COMBO", ["a", "b"])


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("INT", "INT,FLOAT", True),
        ("INT,FLOAT", "FLOAT,INT", True),
        ("INT,FLOAT", "INT,STRING", False),
        ("*", "IMAGE", True),
        ("IMAGE", "MASK", False),
    ],
)
def test_v3_types_equal_those_that_hold_them(first: str, second: str, same: bool) -> None:
    assert (WireType(first) != second) is not same
    assert (WireType(first) == second) is same
    assert (WireType(second) != WireType(first)) is not same


def test_a_v3_type_differs_from_what_is_no_type() -> None:
    assert WireType("*") != ["a"]
    assert len({WireType("INT"), "INT"}) == 1

"""Makes good input bad, byte by byte or value by value."""

from __future__ import annotations

import copy
import random
from typing import Any

SPECIAL = [b"\0", b"\xff", b"..", b"/", b"\\", b"%", b'"', b"\r\n", b"{", b"[" * 3000, b"NaN"]
NUMBERS = [b"-1", b"1e999", b"9" * 400, b"0x10", b"4294967296", b"-0.0", b"null", b"true"]

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1 << 70,
    1e308,
    "",
    "1",
    "x" * 3000,
    [],
    {},
    ["1", 0],
    ["1", -1],
    [[]],
]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return content with a few of its bytes changed for the worse."""
    body = bytearray(content)
    for _ in range(chance.randint(0, 4)):
        place = chance.randrange(len(body) + 1)
        match chance.randrange(6):
            case 0 if body:
                body[place % len(body)] ^= 1 << chance.randrange(8)
            case 1:
                del body[place:]
            case 2:
                body[place:place] = chance.choice(SPECIAL)
            case 3:
                body[place:place] = chance.choice(NUMBERS)
            case 4:
                body[place:place] = body[place : place + 200]
            case _:
                del body[place : place + chance.randint(1, 8)]
    return bytes(body)


def changed(document: Any, chance: random.Random) -> Any:
    """Return a document with a few of its values replaced, left out or doubled."""
    document = copy.deepcopy(document)
    for _ in range(chance.randint(0, 3)):
        place = document
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else range(len(place))
            key = chance.choice(keys)
            if chance.random() < 0.3 or not isinstance(place[key], dict | list):
                _change(place, key, chance)
                break
            place = place[key]
    return document


def _change(place: Any, key: Any, chance: random.Random) -> None:
    match chance.randrange(4):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[f"{key}{chance.randrange(10)}"] = place[key]
        case 1:
            place.append(place[key])
        case 2:
            place[key] = place[chance.choice(list(place) if isinstance(place, dict) else [0, -1])]
        case _:
            place[key] = copy.deepcopy(chance.choice(VALUES))  # it may be changed in its turn

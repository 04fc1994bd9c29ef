"""Enumerations and small records that V3 schemas are declared with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


class Hidden(StrEnum):
    """What a node may ask its host for; the value is the V1 token."""

    unique_id = "UNIQUE_ID"
    prompt = "PROMPT"
    extra_pnginfo = "EXTRA_PNGINFO"
    dynprompt = "DYNPROMPT"
    auth_token_comfy_org = "AUTH_TOKEN_COMFY_ORG"  # noqa: S105 - a wire name, no secret
    api_key_comfy_org = "API_KEY_COMFY_ORG"


@dataclass(frozen=True, slots=True)
class HiddenHolder:
    """The hidden values of one call; those the schema does not ask for are None."""

    unique_id: str | None = None
    prompt: Any = None
    extra_pnginfo: Any = None
    dynprompt: Any = None
    auth_token_comfy_org: str | None = None
    api_key_comfy_org: str | None = None


class UploadType(StrEnum):
    """An upload button beside a menu; the value is its option key."""

    image = "image_upload"
    audio = "audio_upload"
    video = "video_upload"
    model = "file_upload"


class FolderType(StrEnum):
    """The folder a menu's files are in."""

    input = "input"
    output = "output"
    temp = "temp"


class NumberDisplay(StrEnum):
    """The control that shows a number."""

    number = "number"
    slider = "slider"
    knob = "knob"
    color = "color"


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """Where a menu gets its entries from.

    Attributes:
        route: Asked with GET.
        refresh_button: Show a button that asks again.
        control_after_refresh: Entry chosen after that.
        timeout: Milliseconds to wait for an answer.
        max_retries: Attempts before giving up.
        refresh: Milliseconds between asking again on its own.
        response_key: Key of the answer that holds the entries.
        query_params: Sent along with the request.
    """

    route: str
    refresh_button: bool
    control_after_refresh: Literal["first", "last"] = "first"
    timeout: int | None = None
    max_retries: int | None = None
    refresh: int | None = None
    response_key: str | None = None
    query_params: dict[str, str] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the value of the `remote` option."""
        return without_unset({name: getattr(self, name) for name in self.__slots__})


def without_unset(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that are not None."""
    return {key: value for key, value in options.items() if value is not None}

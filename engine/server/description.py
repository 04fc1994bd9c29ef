"""What handlers tell about themselves, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_ATTRIBUTE = "__tessera_route__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A handler's parameters.

    Attributes:
        body: Type of the JSON body, or None.
        query: What each query parameter means.
        form: What each field of a multipart body means.
        answer: Media type of the answer.
    """

    body: type | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    answer: str = "application/json"


def described(
    *,
    body: type | None = None,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    answer: str = "application/json",
) -> Callable[[F], F]:
    """Attach a `Description` to a handler."""
    text = Description(body=body, query=query or {}, form=form or {}, answer=answer)

    def attach(handler: F) -> F:
        setattr(handler, _ATTRIBUTE, text)
        return handler

    return attach


def description_of(handler: object) -> Description:
    """Return a handler's description; an empty one when it gave none."""
    found = getattr(handler, _ATTRIBUTE, None)
    return found if isinstance(found, Description) else Description()

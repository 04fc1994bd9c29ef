"""Checks of single inputs against their declaration, and the error objects clients read.

An error is `{"type", "message", "details", "extra_info"}` (contract §2, "Prompt errors").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import nearest_name, shorten
from engine.graph.model import BareList, Link, Node
from engine.registry.spec import InputTypes, OutputSpec

ValidationError = dict[str, Any]

_CHOICES_SHOWN = 20
"""Longer option lists are not repeated in an error (contract §2)."""


def make_error(kind: str, message: str, details: str, **extra_info: Any) -> ValidationError:
    """Return an error object of the contract's shape."""
    return {"type": kind, "message": message, "details": details, "extra_info": extra_info}


@dataclass(frozen=True, slots=True)
class DeclaredInput:
    """One input of a node type, with what its checks need taken out once.

    Attributes:
        type: As declared; may be a pack's `str` subclass or a list of choices.
        convert: Makes the declared type of a literal; None keeps it.
        choices: Accepted values, of the legacy list form only (contract §4.2).
    """

    name: str
    type: Any
    options: Any
    required: bool
    convert: Callable[[Any], Any] | None
    minimum: float | None
    maximum: float | None
    choices: Sequence[Any] | None

    @property
    def config(self) -> list[Any]:
        """`[type, options]`, as errors name it."""
        return [self.type, self.options]

    @property
    def is_socket(self) -> bool:
        """Whether only links make sense here; packs' types may have widgets of their own."""
        name = plain_name(self.type)
        return name not in _CONVERSIONS and name not in ("COMBO", "*") and "," not in name


def read_declarations(declared: InputTypes) -> list[DeclaredInput]:
    """List required and optional inputs, touching what packs return only as they allow."""
    return [
        _read_declaration(name, declared[section][name], required=section == "required")
        for section in ("required", "optional")
        if section in declared
        for name in declared[section]
    ]


def _read_declaration(name: str, config: Any, *, required: bool) -> DeclaredInput:
    parts = list(config)
    options = parts[1] if len(parts) > 1 else {}
    type_name = plain_name(parts[0])
    return DeclaredInput(
        name=name,
        type=parts[0],
        options=options,
        required=required,
        convert=_CONVERSIONS.get(type_name),
        minimum=_bound(options, "min"),
        maximum=_bound(options, "max"),
        choices=parts[0] if isinstance(parts[0], list) else None,
    )


def plain_name(wire_type: Any) -> str:
    """Return the text of a wire type without a subclass's comparison; "COMBO" for a list."""
    return str.__str__(wire_type) if isinstance(wire_type, str) else "COMBO"


def _bound(options: Any, key: str) -> float | None:
    if key not in options:
        return None
    bound = options[key]
    return bound if isinstance(bound, int | float) else None


def _to_float(value: Any) -> float:
    number = float(value)
    if math.isnan(number):
        raise ValueError("NaN is no number")
    return number


def _to_text(value: Any) -> str:
    if isinstance(value, list | dict):
        raise TypeError("a list or an object is no text")
    return str(value)


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "INT": int,
    "FLOAT": _to_float,
    "STRING": _to_text,
    "BOOLEAN": bool,
}


def check_literal(
    declared: DeclaredInput, value: Any, *, exempt: bool
) -> tuple[Any, ValidationError | None]:
    """Return a literal as its declared type, and what is wrong with it.

    Args:
        exempt: Skip range and choices, which the node type's own check covers.
    """
    name = declared.name
    about = {
        "input_name": name,
        "input_config": declared.config,
        "received_value": value,
    }
    if isinstance(value, BareList):
        details = f"{name}: a link is [node id, output number], got {shorten(value)}"
        return value, make_error("bad_linked_input", "A link is malformed", details, **about)
    if declared.convert is not None:
        try:
            value = declared.convert(value)
        except (TypeError, ValueError, OverflowError) as error:
            details = f"{name}: expected {plain_name(declared.type)}, got {shorten(value)}"
            message = "A value has the wrong type"
            about["exception_message"] = str(error)
            return value, make_error("invalid_input_type", message, details, **about)
        about["received_value"] = value
    if declared.choices is not None:
        value = _as_listed(value, declared.choices)
    return value, None if exempt else _check_range_and_choice(declared, value, about)


def _as_listed(value: Any, choices: Sequence[Any]) -> Any:
    """Return a file's name as it is listed here: files of Windows part folders by backslashes."""
    if isinstance(value, str) and "\\" in value and value not in choices:
        name = value.replace("\\", "/")
        return name if name in choices else value
    return value


def _check_range_and_choice(
    declared: DeclaredInput, value: Any, about: dict[str, Any]
) -> ValidationError | None:
    name = declared.name
    if isinstance(value, int | float):
        if declared.minimum is not None and value < declared.minimum:
            details = f"{name}: {shorten(value)} is below {declared.minimum}"
            message = "A value is smaller than allowed"
            return make_error("value_smaller_than_min", message, details, **about)
        if declared.maximum is not None and value > declared.maximum:
            details = f"{name}: {shorten(value)} is above {declared.maximum}"
            message = "A value is bigger than allowed"
            return make_error("value_bigger_than_max", message, details, **about)
    if declared.choices is not None and value not in declared.choices:
        return _not_a_choice(declared, value, about)
    return None


def _not_a_choice(declared: DeclaredInput, value: Any, about: dict[str, Any]) -> ValidationError:
    choices = [str(choice) for choice in declared.choices or ()]
    details = f"{declared.name}: {shorten(value)} is not among the {len(choices)} choices"
    suggestion = nearest_name(value, choices) if isinstance(value, str) else None
    if suggestion is not None:
        details += f'. Did you mean "{suggestion}"?'
    elif not choices:
        details = f"{declared.name}: there is nothing to choose from; is the folder empty?"
    elif len(choices) <= _CHOICES_SHOWN:
        details += f": {', '.join(choices)}"
    if len(choices) > _CHOICES_SHOWN:
        about = {**about, "input_config": None}
    return make_error("value_not_in_list", "A value is not among the choices", details, **about)


def value_in_socket(declared: DeclaredInput, value: Any) -> ValidationError:
    """Return the error of a written value where only a link can bring what is needed."""
    wanted = plain_name(declared.type)
    details = f"{declared.name}: connect an output of type {wanted}; got {shorten(value)}"
    return make_error(
        "bad_linked_input" if isinstance(value, BareList) else "invalid_input_type",
        "A value stands where a link is needed",
        details,
        input_name=declared.name,
        input_config=declared.config,
        received_value=value,
    )


def missing_input(declared: DeclaredInput) -> ValidationError:
    """Return the error of a required input that has neither link nor value."""
    wanted = plain_name(declared.type)
    details = f"{declared.name}: connect an output of type {wanted} or set a value"
    message = "A required input is missing"
    return make_error("required_input_missing", message, details, input_name=declared.name)


def wrong_link_type(
    declared: DeclaredInput, link: Link, source: Node, output: OutputSpec
) -> ValidationError:
    """Return the error of a link between sockets that do not fit."""
    received = plain_name(output.type)
    details = (
        f"{declared.name}: needs {plain_name(declared.type)}, but output {link.slot} of "
        f"{source.type} #{source.id} is {received}"
    )
    return make_error(
        "return_type_mismatch",
        "A link connects two different types",
        details,
        input_name=declared.name,
        input_config=declared.config,
        received_type=received,
        linked_node=[link.source, link.slot],
    )


def broken_link(name: str, link: Link, config: list[Any] | None, problem: str) -> ValidationError:
    """Return the error of a link to a node or output that does not exist."""
    return make_error(
        "exception_during_inner_validation",
        "A link leads nowhere",
        f"{name}: {problem}",
        input_name=name,
        input_config=config,
        exception_type="DanglingLink",
        exception_message=problem,
        traceback=[],
        linked_node=[link.source, link.slot],
    )

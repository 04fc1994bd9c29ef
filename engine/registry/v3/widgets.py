"""Inputs of V3 schemas that have a control of their own."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from engine.registry.v3.options import (
    FolderType,
    NumberDisplay,
    RemoteOptions,
    UploadType,
    without_unset,
)
from engine.registry.v3.sockets import ComfyType, Input, Output, WireType


class WidgetInput(Input):
    """An input with a control.

    Attributes:
        default: The control's first value.
        socketless: No socket is shown.
        force_input: Only a socket is shown.
        widget_type: Another kind of control than the type's own.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the name packs use
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        default: Any = None,
        socketless: bool | None = None,
        widget_type: str | None = None,
        force_input: bool | None = None,
        extra_dict: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(id, display_name, optional, tooltip, lazy, extra_dict)
        self.default = default
        self.socketless = socketless
        self.widget_type = widget_type
        self.force_input = force_input

    def as_dict(self) -> dict[str, Any]:
        """Return the option keys of contract §4.3."""
        options = {
            "default": self.default,
            "socketless": self.socketless,
            "widgetType": self.widget_type,
            "forceInput": self.force_input,
        }
        return super().as_dict() | without_unset(options | self.own_options()) | self.extra_dict

    def own_options(self) -> dict[str, Any]:
        """Return the option keys of this kind of control; None stands for unset."""
        return {}


def _output(io_type: str) -> type[Output]:
    return type("Output", (Output,), {"io_type": WireType(io_type)})


class Boolean(ComfyType):
    """Yes or no."""

    io_type = WireType("BOOLEAN")
    Type = bool
    Output = _output("BOOLEAN")

    class Input(WidgetInput):
        """A switch. `args` and `settings` are those of every widget."""

        io_type = WireType("BOOLEAN")

        def __init__(
            self,
            *args: Any,
            label_on: str | None = None,
            label_off: str | None = None,
            **settings: Any,
        ) -> None:
            super().__init__(*args, **settings)
            self.label_on, self.label_off = label_on, label_off

        def own_options(self) -> dict[str, Any]:
            """Return the labels."""
            return {"label_on": self.label_on, "label_off": self.label_off}


class Int(ComfyType):
    """A whole number."""

    io_type = WireType("INT")
    Type = int
    Output = _output("INT")

    class Input(WidgetInput):
        """A number field. `args` and `settings` are those of every widget."""

        io_type = WireType("INT")

        def __init__(
            self,
            *args: Any,
            min: int | None = None,  # noqa: A002 - the name packs use
            max: int | None = None,  # noqa: A002 - the name packs use
            step: int | None = None,
            control_after_generate: bool | str | None = None,
            display_mode: NumberDisplay | None = None,
            **settings: Any,
        ) -> None:
            super().__init__(*args, **settings)
            self.min, self.max, self.step = min, max, step
            self.control_after_generate = control_after_generate
            self.display_mode = display_mode

        def own_options(self) -> dict[str, Any]:
            """Return bounds, step and display."""
            return {
                "min": self.min,
                "max": self.max,
                "step": self.step,
                "control_after_generate": self.control_after_generate,
                "display": self.display_mode,
            }


class Float(ComfyType):
    """A number."""

    io_type = WireType("FLOAT")
    Type = float
    Output = _output("FLOAT")

    class Input(WidgetInput):
        """A number field. `args` and `settings` are those of every widget."""

        io_type = WireType("FLOAT")

        def __init__(
            self,
            *args: Any,
            min: float | None = None,  # noqa: A002 - the name packs use
            max: float | None = None,  # noqa: A002 - the name packs use
            step: float | None = None,
            round: float | bool | None = None,  # noqa: A002 - the name packs use
            display_mode: NumberDisplay | None = None,
            **settings: Any,
        ) -> None:
            super().__init__(*args, **settings)
            self.min, self.max, self.step, self.round = min, max, step, round
            self.display_mode = display_mode

        def own_options(self) -> dict[str, Any]:
            """Return bounds, step, rounding and display."""
            return {
                "min": self.min,
                "max": self.max,
                "step": self.step,
                "round": self.round,
                "display": self.display_mode,
            }


class String(ComfyType):
    """Text."""

    io_type = WireType("STRING")
    Type = str
    Output = _output("STRING")

    class Input(WidgetInput):
        """A text field. `args` and `settings` are those of every widget."""

        io_type = WireType("STRING")

        def __init__(
            self,
            *args: Any,
            multiline: bool = False,
            placeholder: str | None = None,
            dynamic_prompts: bool | None = None,
            **settings: Any,
        ) -> None:
            super().__init__(*args, **settings)
            self.multiline, self.placeholder = multiline, placeholder
            self.dynamic_prompts = dynamic_prompts

        def own_options(self) -> dict[str, Any]:
            """Return how the field is shown."""
            return {
                "multiline": self.multiline,
                "placeholder": self.placeholder,
                "dynamicPrompts": self.dynamic_prompts,
            }


class ComboInput(WidgetInput):
    """A menu. `args` (after `options`) and `settings` are those of every widget."""

    io_type = WireType("COMBO")

    def __init__(
        self,
        id: str,  # noqa: A002 - the name packs use
        options: type[Enum] | Iterable[Any] | None = None,
        *args: Any,
        control_after_generate: bool | str | None = None,
        upload: UploadType | None = None,
        image_folder: FolderType | None = None,
        remote: RemoteOptions | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(id, *args, **settings)
        self.options = _values(options)
        if isinstance(self.default, Enum):
            self.default = self.default.value
        self.control_after_generate = control_after_generate
        self.upload, self.image_folder, self.remote = upload, image_folder, remote

    def own_options(self) -> dict[str, Any]:
        """Return the entries and where they come from."""
        upload = {} if self.upload is None else {self.upload.value: True}
        return {
            "options": self.options,
            "control_after_generate": self.control_after_generate,
            "image_folder": self.image_folder,
            "remote": None if self.remote is None else self.remote.as_dict(),
        } | upload


class Combo(ComfyType):
    """One entry of a menu."""

    io_type = WireType("COMBO")
    Type = str
    Input = ComboInput
    Output = _output("COMBO")


class MultiCombo(ComfyType):
    """Several entries of a menu."""

    io_type = WireType("COMBO")
    Type = list
    Output = _output("COMBO")

    class Input(ComboInput):
        """A menu with several choices. `args` and `settings` are those of a menu."""

        def __init__(
            self,
            *args: Any,
            placeholder: str | None = None,
            chip: bool | None = None,
            **settings: Any,
        ) -> None:
            super().__init__(*args, **settings)
            self.placeholder, self.chip = placeholder, chip

        def own_options(self) -> dict[str, Any]:
            """Return those of a menu, and how the choices are shown."""
            shown = without_unset({"placeholder": self.placeholder, "chip": self.chip})
            return super().own_options() | {"multi_select": shown}


def _values(options: type[Enum] | Iterable[Any] | None) -> list[Any] | None:
    if options is None:
        return None
    return [entry.value if isinstance(entry, Enum) else entry for entry in options]

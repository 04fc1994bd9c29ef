"""Which value of `widgets_values` belongs to which input (contract §1.3).

The list holds one value per widget, in the order widgets are made: required, then optional
inputs that own a widget, with extra values for seed controls and upload buttons. Versions of the
peer differ in the extras, so several layouts are tried, the likeliest first, until one fits.
Tessera writes the names beside the values (`NAMES_KEY`), so its own files need no guess.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from engine.graph.canvas.model import CanvasNode
from engine.graph.input_checks import DeclaredInput, plain_name

NAMES_KEY = "tessera"
"""`node.properties[NAMES_KEY]["widgets"]` names the input of each entry of `widgets_values`.

Entries that belong to no input (seed controls, upload buttons) are null. The names count only
while the two lists are equally long; values themselves are stored once, so an edit made
elsewhere is never overruled. "version" is that of the node type's form, 1 when it is missing;
"values" holds, while a workflow is converted, those that a replacement sets.
"""

_WIDGET_TYPES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
_SEED_NAMES = ("seed", "noise_seed")
_CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
_BASIC_DEFAULTS = {"INT": 0, "FLOAT": 0.0, "STRING": "", "BOOLEAN": False}


@dataclass(frozen=True, slots=True)
class WidgetSlot:
    """One entry of `widgets_values`.

    Attributes:
        name: The input it belongs to.
        kind: "value" is what the input takes; the others are extras that never run.
    """

    name: str
    kind: Literal["value", "control", "filter", "upload", "dummy"]

    def accepts(self, value: Any) -> bool:
        """Tell whether a stored value can stand here."""
        if self.kind == "control":
            return value is None or isinstance(value, bool) or value in _CONTROLS
        if self.kind in ("filter", "upload"):
            return value is None or isinstance(value, str)
        return True


@dataclass(frozen=True, slots=True)
class Layout:
    """What differs between files of different versions.

    Attributes:
        menu_extras: Values after a menu with a control: control and filter, or fewer.
        dummies: `forceInput` inputs hold a value too (files from before 1.16).
        controls: Seeds are followed by their control.
        uploads: Upload buttons hold a value.
        custom: Unlisted inputs of a pack's own type are widgets.
    """

    menu_extras: int = 2
    dummies: bool = False
    controls: bool = True
    uploads: bool = True
    custom: bool = True


@dataclass(frozen=True, slots=True)
class WidgetPlaces:
    """Where a node's values are: list index or key, by input name.

    `unplaced`: how many stored values no input was found for.
    """

    by_name: Mapping[str, int | str]
    unplaced: int = 0


def find_widgets(declared: Sequence[DeclaredInput] | None, node: CanvasNode) -> WidgetPlaces:
    """Return where `node.widgets_values` holds the value of each input.

    Args:
        declared: The node type's inputs; None for an unknown type.
    """
    stored = node.widgets_values
    if isinstance(stored, dict):
        return WidgetPlaces({key: key for key in stored})  # packs take undeclared names too
    if not isinstance(stored, list):
        return WidgetPlaces({})
    names = stored_names(node)
    if names is not None:
        return WidgetPlaces({name: i for i, name in enumerate(names) if name is not None})
    if declared is None:
        return WidgetPlaces({}, len(stored))
    return _place(declared, _sockets(node), stored)


def read_widgets(places: WidgetPlaces, node: CanvasNode) -> dict[str, Any]:
    """Return a node's widget values by input name."""
    return {name: node.widgets_values[place] for name, place in places.by_name.items()}


def set_values(node: CanvasNode) -> Mapping[str, Any]:
    """Return the values by input name that the replacement of its type has set."""
    record = node.properties.get(NAMES_KEY)
    values = record.get("values") if isinstance(record, dict) else None
    return values if isinstance(values, dict) else {}


def stored_names(node: CanvasNode) -> list[str | None] | None:
    """Return the names Tessera wrote beside the values, when they still fit them."""
    record = node.properties.get(NAMES_KEY)
    names = record.get("widgets") if isinstance(record, dict) else None
    if not isinstance(names, list) or not isinstance(node.widgets_values, list):
        return None
    fits = len(names) == len(node.widgets_values)
    return names if fits and all(isinstance(n, str | None) for n in names) else None


def widget_slots(
    declared: Sequence[DeclaredInput], sockets: Collection[str], layout: Layout
) -> list[WidgetSlot]:
    """List the entries of `widgets_values` of a node.

    Args:
        sockets: Inputs known to be plain sockets; it decides about types packs define.
    """
    slots: list[WidgetSlot] = []
    uploads: list[WidgetSlot] = []
    for item in declared:
        if not item.required and uploads:
            slots += uploads
            uploads = []
        slots += _slots_of(item, sockets, layout)
        if layout.uploads and any(str(key).endswith("_upload") for key in item.options):
            uploads = [WidgetSlot("upload", "upload")]
    return slots + uploads


def default_value(item: DeclaredInput) -> Any:
    """Return the value the widget of an input starts with on the canvas."""
    if "default" in item.options:
        return item.options["default"]
    choices = item.choices
    if choices is None and "options" in item.options:
        choices = item.options["options"]
    if plain_name(item.type) == "COMBO":
        return next(iter(choices or ()), None)
    return _BASIC_DEFAULTS.get(plain_name(item.type))


def owns_widget(item: DeclaredInput) -> bool:
    """Tell whether an input of one of the basic types has a widget."""
    return plain_name(item.type) in _WIDGET_TYPES and not _forced(item)


def _forced(item: DeclaredInput) -> bool:
    return "forceInput" in item.options and bool(item.options["forceInput"])


def _slots_of(
    item: DeclaredInput, sockets: Collection[str], layout: Layout
) -> Iterator[WidgetSlot]:
    type_name = plain_name(item.type)
    if type_name not in _WIDGET_TYPES:
        if layout.custom and item.name not in sockets and not _forced(item):
            yield WidgetSlot(item.name, "value")
        return
    if _forced(item) and not layout.dummies:
        return
    yield WidgetSlot(item.name, "dummy" if _forced(item) else "value")
    if type_name == "INT" and layout.controls and _is_controlled(item):
        yield WidgetSlot(item.name, "control")
    if type_name == "COMBO" and _is_controlled(item):
        yield from (WidgetSlot(item.name, "control"), WidgetSlot(item.name, "filter"))[
            : layout.menu_extras
        ]


def _is_controlled(item: DeclaredInput) -> bool:
    if "control_after_generate" in item.options:
        return bool(item.options["control_after_generate"])
    return item.name in _SEED_NAMES and plain_name(item.type) == "INT"


def _sockets(node: CanvasNode) -> set[str]:
    return {socket.name for socket in node.inputs if socket.widget is None}


def _layouts() -> Iterator[Layout]:
    both = (True, False)
    for dummies, uploads, controls in product((False, True), both, both):
        for menu_extras in (2, 0, 1):
            # Both readings of a type of a pack's own before a seed's control is doubted: a socket
            # that came after the file is as unlisted as a widget.
            for custom in both:
                yield Layout(menu_extras, dummies, controls, uploads, custom)


_LAYOUTS = tuple(_layouts())


def _place(
    declared: Sequence[DeclaredInput], sockets: Collection[str], stored: list[Any]
) -> WidgetPlaces:
    for layout in _LAYOUTS:
        slots = widget_slots(declared, sockets, layout)
        if len(slots) == len(stored) and all(
            slot.accepts(value) for slot, value in zip(slots, stored, strict=True)
        ):
            return WidgetPlaces(_values_among(slots, stored))
    slots = _consume(widget_slots(declared, sockets, Layout()), stored)
    unplaced = sum(value is not None for value in stored[len(slots) :])
    return WidgetPlaces(_values_among(slots, stored), unplaced)


def _consume(slots: list[WidgetSlot], stored: list[Any]) -> list[WidgetSlot]:
    """Hand out values in order where no layout fits: the node type changed since the file."""
    used: list[WidgetSlot] = []
    for slot in slots:
        if len(used) == len(stored):
            break
        value = stored[len(used)]
        if slot.kind == "value" or (slot.accepts(value) and not isinstance(value, bool)):
            used.append(slot)
    return used


def _values_among(slots: list[WidgetSlot], stored: list[Any]) -> dict[str, int]:
    """Return the places of values; null marks one that was not saved."""
    return {
        slot.name: place
        for place, (slot, value) in enumerate(zip(slots, stored, strict=False))
        if slot.kind == "value" and value is not None
    }


def names_record(slots: Sequence[str | None], version: int) -> Mapping[str, Any]:
    """Return what `node.properties[NAMES_KEY]` holds for entries with these input names."""
    return {"widgets": list(slots), **({"version": version} if version > 1 else {})}

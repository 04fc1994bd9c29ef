"""What became of node types: how nodes that files hold turn into those of today.

A replacement is one step: from a type that is gone to the one that took its place, or from the
form a type had before a version of it to the form it has since. Steps follow one another.
The JSON is that of the peer's `GET /node_replacements`, with `before_version` besides.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import shorten

_KEYS = frozenset({"to", "inputs", "outputs", "values", "widgets", "before_version"})
_SHAPES: Mapping[str, tuple[str, type, type | None]] = {
    "inputs": ("an object of new input names by old ones", str, str),
    "outputs": ("an object of new output numbers by old ones, from 0", int, int),
    "values": ("an object of values by new input names", str, None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReplacement:
    """One step. Inputs and outputs that it does not mention keep their name or number.

    Attributes:
        inputs: New input names by old ones.
        outputs: New output numbers by old ones, from 0.
        values: What inputs of the new form are set to.
        widgets: Widgets of the old form in their order, so that files which store values by
            position alone can be read; () when the new form has the same ones.
        before_version: It applies to nodes of an older version of a type that still exists;
            None when the old type is gone.
    """

    old_type: str
    new_type: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[int, int] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    widgets: tuple[str, ...] = ()
    before_version: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it in the shape of `GET /node_replacements`."""
        inputs: list[dict[str, Any]] = [
            {"new_id": new, "old_id": old} for old, new in self.inputs.items()
        ]
        inputs += [{"new_id": name, "set_value": value} for name, value in self.values.items()]
        outputs = [{"new_idx": new, "old_idx": old} for old, new in self.outputs.items()]
        return {
            "new_node_id": self.new_type,
            "old_node_id": self.old_type,
            "old_widget_ids": list(self.widgets) or None,
            "input_mapping": inputs or None,
            "output_mapping": outputs or None,
            "before_version": self.before_version,
        }


class Replacements:
    """All steps that are known."""

    def __init__(self) -> None:
        self._gone: dict[str, NodeReplacement] = {}
        self._older: dict[str, list[NodeReplacement]] = {}

    def add(self, step: NodeReplacement) -> None:
        """Add a step; of two for one type that is gone the first one counts.

        Raises: ValueError, when steps would lead in a circle.
        """
        if step.before_version is not None:
            steps = [*self._older.get(step.old_type, ()), step]
            self._older[step.old_type] = sorted(steps, key=lambda one: one.before_version or 0)
            return
        chain = [step.old_type, step.new_type]
        while (following := self._gone.get(chain[-1])) is not None and chain[-1] != chain[0]:
            chain.append(following.new_type)
        if chain[-1] == chain[0]:
            raise ValueError(f"its replacement leads in a circle: {' -> '.join(chain)}")
        self._gone.setdefault(step.old_type, step)

    def version_of(self, type_id: str) -> int:
        """Return the version of a type's form: the newest one that a step leads to, 1 at first."""
        return max((step.before_version or 1 for step in self._older.get(type_id, ())), default=1)

    def steps(
        self, type_id: str, version: int, known: Container[str]
    ) -> tuple[NodeReplacement, ...]:
        """Return what turns a node of a file into one of today; () leaves it as it is.

        Args:
            version: What the file says, 1 when it says nothing.
            known: Types there are today. Those are never replaced by another one.
        """
        found: list[NodeReplacement] = []
        while type_id not in known:
            step = self._gone.get(type_id)
            if step is None:
                return ()  # nobody knows what became of it in the end
            found.append(step)
            type_id, version = step.new_type, 1
        older = self._older.get(type_id, ())
        return (*found, *(step for step in older if version < (step.before_version or 0)))

    def successor(self, type_id: str) -> str | None:
        """Return what a type that is gone is called now, whether that exists or not."""
        found = None
        while (step := self._gone.get(type_id)) is not None:
            found = type_id = step.new_type
        return found

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """Return all steps by old type, in the shape of `GET /node_replacements`."""
        found = {type_id: [step.as_json()] for type_id, step in self._gone.items()}
        for type_id, steps in self._older.items():
            found.setdefault(type_id, []).extend(step.as_json() for step in steps)
        return found


def read_replacements(old_type: str, declared: object, default: str = "") -> list[NodeReplacement]:
    """Read what a pack declares for one old type: an object, or a list of them.

    Args:
        default: The new type of an object without "to"; else the old type itself.

    Raises: TypeError, saying what is wrong with it.
    """
    entries = declared if isinstance(declared, list | tuple) else [declared]
    return [_read_one(old_type, entry, default) for entry in entries]


def _read_one(old_type: str, entry: object, default: str) -> NodeReplacement:
    if not isinstance(entry, Mapping):
        raise TypeError(f"its replacement must be an object, got {shorten(entry)}")
    if unknown := entry.keys() - _KEYS:
        names = ", ".join(sorted(map(str, unknown)))
        raise TypeError(f"its replacement has unknown keys: {names}")
    new_type = entry.get("to", default or old_type)
    before = entry.get("before_version")
    widgets = entry.get("widgets", ())
    if not isinstance(new_type, str):
        raise TypeError(f'"to" must name a node type, got {shorten(new_type)}')
    if before is not None and (type(before) is not int or before < 2 or new_type != old_type):
        raise TypeError(
            f'"before_version" must be a whole number from 2 on, and "to" the type itself,'
            f" got {shorten(before)} and {shorten(new_type)}"
        )
    if not isinstance(widgets, list | tuple) or not all(isinstance(n, str) for n in widgets):
        raise TypeError(f'"widgets" must be a list of input names, got {shorten(widgets)}')
    return NodeReplacement(
        old_type=old_type,
        new_type=new_type,
        inputs=_table(entry, "inputs"),
        outputs=_table(entry, "outputs"),
        values=_table(entry, "values"),
        widgets=tuple(widgets),
        before_version=before,
    )


def _table(entry: Mapping[str, Any], key: str) -> dict[Any, Any]:
    table = entry.get(key, {})
    expected, old, new = _SHAPES[key]
    fits = isinstance(table, Mapping) and all(
        type(name) is old and (new is None or type(value) is new) for name, value in table.items()
    )
    if not fits:
        raise TypeError(f'"{key}" must be {expected}, got {shorten(table)}')
    return dict(table)

"""Shows a run on standard error: a bar where a person looks on, plain lines elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.cli.terminal import printable
from engine.execution.events import (
    Event,
    NodeBlocked,
    NodeFinished,
    NodeProgress,
    NodesCached,
    NodeStarted,
)
from engine.graph.model import Graph
from engine.registry.spec import Folders


class RunDisplay:
    """Listens to a run's events; `show` may be called from any thread.

    Args:
        results: Gets the path of each saved file, one a line.
        why: Say for each node why it ran or was found.
    """

    def __init__(self, graph: Graph, folders: Folders, results: TextIO, *, why: bool) -> None:
        self._results, self._announced = results, ""
        self._graph, self._folders, self._why = graph, folders, why
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None, visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Show one event."""
        match event:
            case NodesCached():
                self._show_reasons(event)
            case NodeStarted():
                self._start(f"{event.node_type} #{event.display_id}")
            case NodeProgress():
                self._progress.update(
                    self._task, completed=event.value, total=event.total, visible=True
                )
            case NodeBlocked():
                self._line(f"{event.node_type} #{event.display_id}: {event.message}")
            case NodeFinished():
                self._finish(event)
            case _:
                pass

    def _start(self, name: str) -> None:
        if self._console.is_terminal:
            # A new task: `Progress.reset` cannot make a known total unknown again.
            self._progress.remove_task(self._task)
            self._task = self._progress.add_task(escape(printable(name)), total=None)
        elif name != self._announced:  # a node that expands starts again for every node inside
            self._announced = name
            self._line(f"{name} …")

    def _finish(self, event: NodeFinished) -> None:
        for warning in (event.ui or {}).get("warnings", ()):
            self._line(f"{self._name(event.display_id)}: {warning}")
        if self._console.is_terminal and not event.cached and event.seconds >= 1:
            self._line(f"{self._name(event.display_id)}: {event.seconds:.1f} s")
        for path in self._saved(event):
            self._list(path)

    def _list(self, path: Path) -> None:
        try:
            print(printable(str(path)), file=self._results, flush=True)
        except BrokenPipeError:  # whoever read the list has gone; the run goes on without it
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), self._results.fileno())

    def _saved(self, event: NodeFinished) -> list[Path]:
        """List the files a node says it saved in the output folder."""
        entries = [entry for listed in (event.ui or {}).values() for entry in listed]
        output = self._folders.directory("output")
        return [
            output / entry["subfolder"] / entry["filename"]
            for entry in entries
            if isinstance(entry, dict)
            and entry.get("type") == "output"
            and {"subfolder", "filename"} <= entry.keys()
        ]

    def _show_reasons(self, event: NodesCached) -> None:
        if not self._why:
            return
        for node_id, reason in event.reasons.items():
            verb = "found" if reason.hit else "runs:"
            self._line(f"{self._name(node_id)} {verb} {reason.text}")

    def _name(self, node_id: str) -> str:
        node = self._graph.get(node_id)
        return f"#{node_id}" if node is None else f"{node.type} #{node_id}"

    def _line(self, text: str) -> None:
        self._console.print(escape(printable(text)))

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from engine.cli.progress import RunDisplay
from engine.execution.events import NodeFinished, NodeIds, NodeProgress, NodeStarted
from engine.graph.model import Graph, Node

IDS = NodeIds("6", "6", None, "6")
GRAPH = Graph([Node("6", "CLIPTextEncode", {}), Node("3", "KSampler", {})])


class _Folders:
    def names(self, key: str) -> list[str]:
        return []

    def resolve(self, key: str, name: str) -> Path:
        raise FileNotFoundError(name)

    def directory(self, kind: str) -> Path:
        return Path("/results")


def display(results: io.TextIOBase | None = None) -> RunDisplay:
    out = results or io.StringIO()
    assert isinstance(out, io.StringIO | io.TextIOWrapper)
    return RunDisplay(GRAPH, _Folders(), out, why=False)


def saved(name: str) -> NodeFinished:
    entry = {"filename": name, "subfolder": "sub", "type": "output"}
    return NodeFinished(IDS, {"images": [entry]}, 0.1, cached=False)


def test_what_a_node_warns_of_is_shown_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    ui = {"warnings": ["embedding [red]x[/red] was left out"]}
    display().show(NodeFinished(IDS, ui, 0.1, cached=False))
    assert capsys.readouterr().err == ("CLIPTextEncode #6: embedding [red]x[/red] was left out\n")


def test_saved_files_go_to_the_results_and_nothing_else_does() -> None:
    results = io.StringIO()
    shown = display(results)
    shown.show(NodeStarted(IDS, "SaveImage"))
    shown.show(saved("a.png"))
    assert results.getvalue() == "/results/sub/a.png\n"


def test_a_node_that_starts_again_for_what_it_expands_into_is_shown_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = display()
    for _ in range(3):
        shown.show(NodeStarted(IDS, "Loop"))
    assert capsys.readouterr().err == "Loop #6 …\n"


def test_a_reader_that_went_away_does_not_fail_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as results:  # noqa: PTH123 - a file descriptor
        shown = display(results)
        shown.show(saved("a.png"))
        shown.show(saved("b.png"))
        shown.show(NodeStarted(IDS, "Loop"))
    assert capsys.readouterr().err == "Loop #6 …\n"


def test_the_bar_of_one_node_does_not_keep_the_total_of_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = display()
    shown.show(NodeStarted(IDS, "KSampler"))
    shown.show(NodeProgress(IDS, 30, 30))
    shown.show(NodeStarted(IDS, "VAEDecode"))
    (task,) = shown._progress.tasks  # what the bar draws has no other face
    assert (task.description, task.completed, task.total) == ("VAEDecode #6", 0, None)

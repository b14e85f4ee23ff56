"""The rooms of docs/architecture.md: imports run down, and nowhere in a circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = "fink_tracklets"
DRAWING = (ROOT / "docs" / "architecture.md").read_text()
ROOMS = [
    room
    for line in re.search(r"```text\n(.*?)```", DRAWING, re.DOTALL)[1].splitlines()
    for room in re.split(r"\s{2,}", line)[0].split()
]
"""From the top down, as they are drawn."""


def modules(*folders: str) -> dict[str, Path]:
    """Name to file."""
    found = {}
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(name: str, file: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules that a module imports, wherever in it: inside functions, for types, too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module


def arrows(*folders: str) -> dict[str, set[str]]:
    """Module to the modules it imports, itself left out."""
    known = modules(*folders)
    return {name: set(imports(name, file, known)) - {name} for name, file in known.items()}


def room(module: str) -> str:
    """The part of the package that a module belongs to."""
    return module.split(".")[1] if "." in module else "__init__"


def test_every_room_is_drawn():
    there = {room(name) for name in modules(PACKAGE)}
    assert there == set(ROOMS)
    assert len(ROOMS) == len(set(ROOMS))


def test_no_import_runs_up():
    floor = {name: len(ROOMS) - k for k, name in enumerate(ROOMS)}
    wrong = [
        f"{one} imports {other}"
        for one, others in arrows(PACKAGE).items()
        for other in others
        if room(one) != room(other) and floor[room(other)] >= floor[room(one)]
    ]
    assert wrong == []


@pytest.mark.parametrize("folders", [(PACKAGE,), (PACKAGE, "jobs", "benchmarks", "tests")])
def test_there_is_no_circle(folders):
    left = arrows(*folders)
    while ends := [name for name, others in left.items() if not others & set(left)]:
        for name in ends:
            del left[name]
    assert left == {}


def test_the_root_holds_at_most_eight_modules():
    assert len(list((ROOT / PACKAGE).glob("*.py"))) <= 8

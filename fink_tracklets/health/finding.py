"""What a check found."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Level: TypeAlias = Literal["ok", "note", "bad"]
"""`bad`: a run could not succeed."""


class Finding(NamedTuple):
    """One line of the report."""

    level: Level
    what: str
    text: str
    """What was found; where it is not `ok`, also what to do."""

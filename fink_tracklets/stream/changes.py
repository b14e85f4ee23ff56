"""What differs between what was found and what was told: only that goes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fink_tracklets.stream.search import Names


@dataclass(frozen=True)
class Change:
    """An alert's new name."""

    alert_id: int
    tracklet: str | None
    """None: it is in no tracklet, as now is known."""
    before: str | None

    @property
    def kind(self) -> str:
        """new, renamed or withdrawn."""
        if self.before is None:
            return "new"
        return "withdrawn" if self.tracklet is None else "renamed"


def changes_of(found: Iterable[Names], told: Mapping[int, str | None]) -> list[Change]:
    """The alerts whose names differ from what was told, by their ids."""
    changes: dict[int, Change] = {}
    for names in found:
        for number in names.exposure_of:
            name, before = names.tracklets.get(number), told.get(number)
            if name == before:
                changes.pop(number, None)
            else:
                changes[number] = Change(number, name, before)
    return [changes[number] for number in sorted(changes)]

"""Nights of older tables, brought to the present version where that needs no alerts."""

from __future__ import annotations

from dataclasses import dataclass

from fink_tracklets.errors import UserError
from fink_tracklets.pipeline.link import named_short
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.folder import Folder
from fink_tracklets.store.manifest import read_manifest, stored_nights
from fink_tracklets.store.night import StoredNight, open_night
from fink_tracklets.tables import SHORT_TRACKS, VERSION
from fink_tracklets.years.stage import summarise_stored

MADE = ("short_tracks", "summary")
"""Tables that are made from the night's own candidates."""


@dataclass(frozen=True)
class Step:
    """What is to be done about a stored night."""

    night: str
    version: int
    """Of its tables; 0 where its manifest cannot be read."""
    made: tuple[str, ...]
    """Tables that `migrate_night` makes."""
    again: str
    """Why the night must be run again, a sentence; empty where it need not."""

    @property
    def is_present(self) -> bool:
        """Whether nothing is to be done."""
        return self.version == VERSION and not self.made and not self.again


def plan_migration(folder: Folder) -> list[Step]:
    """Look at all nights of a store, the oldest first."""
    return [_look(folder, night) for night in stored_nights(folder)]


def _look(folder: Folder, night: str) -> Step:
    try:
        manifest = read_manifest(folder, night)
    except UserError as error:
        return Step(night, 0, (), str(error))
    try:
        _ = open_night(folder, night).survey
    except UserError as error:
        return Step(night, manifest.tables_version, (), f"its settings are of old: {error}")
    made = tuple(name for name in MADE if name not in manifest.rows)
    return Step(night, manifest.tables_version, made, "")


def migrate_night(stored: StoredNight) -> StoredNight:
    """A night with the tables of the present version that its candidates tell.

    One manifest replaces the other for each table: a kill leaves a night that can be read, and is
    gone on with by the next call.
    """
    if not stored.has("short_tracks"):
        candidates = stored.frame("candidates")
        members = candidates.loc[candidates["tracklet"].notna(), "alert_id"]
        short = named_short(candidates, members, stored.survey)
        stored = amend_night(
            stored, {"short_tracks": SHORT_TRACKS.from_frame(short.assign(evidence="alerts"))}
        )
    if not stored.has("summary"):
        stored = summarise_stored(stored)
    if stored.manifest.tables_version < VERSION:
        stored = amend_night(stored, {})
    return stored

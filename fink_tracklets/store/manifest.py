"""The manifest of a night: its commit. It names the files that are the night's state.

One JSON file per night, ``manifests/YYYYMMDD.json``, replaced in one step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fink_tracklets.errors import UserError
from fink_tracklets.naming import NightSpan
from fink_tracklets.store.folder import Folder, WritableFolder
from fink_tracklets.survey.config import build
from fink_tracklets.tables import VERSION


@dataclass(frozen=True)
class Unusable:
    """Alerts that could not be used at all."""

    alerts: int = 0
    """All of them. One alert may lack several things."""
    no_id: int = 0
    no_time: int = 0
    no_position: int = 0


@dataclass(frozen=True)
class FunnelStep:
    """A cut, and the alerts left after it."""

    cut: str
    alerts: int


@dataclass(frozen=True)
class ExposureCounts:
    """How many exposures the night has."""

    with_alerts: int = 0
    with_candidates: int = 0
    with_tracklets: int = 0


@dataclass(frozen=True)
class NotedExposure:
    """An exposure that the night's report names."""

    exposure: str
    candidates: int
    tracklets: int


@dataclass(frozen=True)
class Manifest:
    """What was done in a night, and which files hold it."""

    night: str
    """The night's name, YYYYMMDD."""
    run: str
    """What wrote this state; every change of the tables has a new one."""
    version: str
    """The version of fink_tracklets that ran the night."""
    tables_version: int
    """The `fink_tracklets.tables.VERSION` that wrote the tables last."""
    survey: str
    configuration: Mapping[str, Any]
    """The survey's whole configuration, as it was when the night was run."""
    rows: Mapping[str, int]
    """The number of rows of each table."""
    files: Mapping[str, tuple[str, ...]]
    """The files of each table, relative to the store."""
    written: str = ""
    """When the night was run, ISO 8601, UTC."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Of the alerts: the address as it was given, what tells their state, whether with stamps."""
    alerts_read: int = 0
    alerts_unusable: Unusable = Unusable()
    funnel: tuple[FunnelStep, ...] = ()
    exposures: ExposureCounts = ExposureCounts()
    exposures_skipped: tuple[NotedExposure, ...] = ()
    """Exposures with too many candidates to be searched."""
    exposures_given_up: tuple[NotedExposure, ...] = ()
    """Exposures whose search was too much work: no tracklet of theirs is known."""
    exposures_crowded: tuple[NotedExposure, ...] = ()
    """Exposures that stand out from the night by their candidates or tracklets."""
    satellites: Mapping[str, Any] | None = None
    """The report of the stage that identifies satellites; None where it did not run."""
    glints: Mapping[str, Any] | None = None
    """The report of the stage that measures flashes; None where it did not run."""
    orbits: Mapping[str, Any] | None = None
    """The report of the stage that gives orbits and links; None where it did not run."""
    hbase: Mapping[str, Any] = field(default_factory=dict)
    """For each HBase cluster what it may hold of the night, see `fink_tracklets.hbase.record`."""

    def as_dict(self) -> dict[str, Any]:
        """The manifest as JSON has it, without the stages that did not run."""
        known: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {name: value for name, value in known.items() if value or name not in OPTIONAL}


class TooNew(UserError):
    """Written by a newer version, whose tables this one does not know."""


COUNTED = ("tracklets", "tracklet_alerts", "candidates")
"""Tables that every night has."""
OPTIONAL = ("satellites", "glints", "orbits", "hbase")


def manifest_path(night: str) -> str:
    """Where in the store the manifest of a night stands."""
    return f"manifests/{night}.json"


def stored_nights(folder: Folder) -> list[str]:
    """The nights of a store, oldest first."""
    return [name[:8] for name in folder.names("manifests") if re.fullmatch(r"\d{8}\.json", name)]


def nights_of(folder: Folder, wanted: NightSpan | None) -> list[str]:
    """The names of a store's nights in a span, the earliest first; none is an error."""
    known = stored_nights(folder)
    nights = [night for night in known if wanted is None or night in wanted]
    if not nights:
        asked = "night" if wanted is None else f"night of {wanted}"
        there = f"it has {known[0]} to {known[-1]}" if known else "run one first"
        raise UserError(f"The store {folder.address} has no {asked}; {there}.")
    return nights


def read_manifest(folder: Folder, night: str) -> Manifest:
    """The manifest of a night.

    Raises
    ------
    FileNotFoundError
        The store does not have this night.
    UserError
        The manifest is damaged, or of newer software (`TooNew`).
    """
    content = folder.read(manifest_path(night))
    file = manifest_path(night)
    try:
        given = json.loads(content)
    except ValueError as error:
        raise _damaged(f"{file}: not valid JSON: {error}.") from error
    newest = given.get("tables_version") if isinstance(given, dict) else None
    if isinstance(newest, int) and newest > VERSION:
        raise TooNew(
            f"The night {night} in {folder.address} was written by fink_tracklets "
            f"{given.get('version')}; this version is too old to read it."
        )
    try:
        manifest = build(Manifest, given, file)
    except UserError as error:
        raise _damaged(str(error)) from error
    for name in (*COUNTED, *manifest.files):
        if name not in manifest.rows:
            raise _damaged(f"{file}: it does not tell the rows of the table {name}.")
    if manifest.night != night:
        raise _damaged(f"{file}: it is the manifest of the night {manifest.night!r}.")
    return manifest


def _damaged(sentence: str) -> UserError:
    return UserError(
        f"{sentence} The manifest is damaged: move it away and run the night again, or restore it."
    )


def write_manifest(folder: WritableFolder, manifest: Manifest) -> None:
    """Replace a night's manifest in one step."""
    content = json.dumps(manifest.as_dict(), indent=1).encode()
    folder.replace(manifest_path(manifest.night), content)

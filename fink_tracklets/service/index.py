"""The nights of a store, held in memory and renewed when their manifests change."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.service.columns import COMPUTED, column_names
from fink_tracklets.store.folder import Folder, LocalFolder, open_folder
from fink_tracklets.store.parquet import manifest_of, read_files
from fink_tracklets.survey import Carry
from fink_tracklets.tables import TABLES, TRACKLETS

SETTLED_NS = 100_000_000
"""A folder that changed so shortly before it was read may have changed since in the same tick."""
SUMMARY = (
    "night", "run", "version", "written", "survey", "alerts_read", "alerts_unusable", "funnel",
    "exposures", "exposures_skipped", "exposures_crowded", "rows",
)  # fmt: skip
"""What of the manifest the service tells."""
OF_MATCH = ["tracklet", "norad_cat_id", "object_name", "object_type", "zone", "certain"]
"""What of a best match is held for lists of satellites."""
CONFIGURATION = ("columns", "field_area_deg2", "glints", "site")


@dataclass(frozen=True)
class Night:
    """A night's state."""

    night: str
    run: str
    stamp: tuple[int, ...]
    """Of the manifest's file."""
    manifest: Mapping[str, Any]
    """Its `SUMMARY`."""
    files: Mapping[str, list[str]]
    carried: frozenset[str]
    """Columns of `tracklet_alerts` that the survey sent."""
    configuration: Mapping[str, Any]
    """The survey's, of `CONFIGURATION`."""
    tracklets: pa.Table
    satellites: pa.Table | None
    """None: they were not looked for."""
    flashes: pa.Table | None
    """None: they were not measured."""

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Tracklet and number of its alerts."""
        return list(
            zip(
                self.tracklets["tracklet"].to_pylist(),
                self.tracklets["n_alerts"].to_pylist(),
                strict=True,
            )
        )

    def exposure_of(self, name: str) -> str:
        """The exposure of a tracklet that the night has."""
        place = self.tracklets["tracklet"].to_pylist().index(name)
        exposure: str = self.tracklets["exposure"][place].as_py()
        return exposure


@dataclass(frozen=True)
class Snapshot:
    """All nights at one time."""

    nights: Mapping[str, Night] = field(default_factory=dict)
    by_date: Mapping[str, list[tuple[str, str, int]]] = field(default_factory=dict)
    """UTC date YYYYMMDD of the exposures to night, tracklet and its number of alerts."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Nights that could not be read, and the sentence that says why."""

    @cached_property
    def columns(self) -> frozenset[str]:
        """All columns that an answer can have, under the broker's names."""
        carried = {night.carried for night in self.nights.values()} or {frozenset()}
        return frozenset(COMPUTED).union(*(column_names(some).values() for some in carried))

    @cached_property
    def tracklets(self) -> pa.Table:
        """The tracklets of all nights."""
        tables = [TRACKLETS.arrow_schema.empty_table()]
        tables += [night.tracklets for night in self.nights.values()]
        return pa.concat_tables(tables, promote_options="permissive").combine_chunks()

    @cached_property
    def best_matches(self) -> list[dict[str, Any]]:
        """The best match of each tracklet in all nights, newest night first."""
        found: list[dict[str, Any]] = []
        for name in sorted(self.nights, reverse=True):
            matches = self.nights[name].satellites
            if matches is not None:
                best = matches.filter(pc.equal(matches["rank"], 1)).select(OF_MATCH)
                found += [{**row, "night": name} for row in best.to_pylist()]
        return found

    def matching(self, prefix: str) -> Iterator[tuple[str, str, int]]:
        """Night, name and number of alerts of the tracklets whose names begin so.

        Raises
        ------
        ServiceError : a night that may have such tracklets cannot be read
        """
        day = prefix[5:13]
        for night, sentence in self.broken.items():
            middle = date.fromisoformat(f"{night[:4]}-{night[4:6]}-{night[6:]}")
            near = [f"{middle + timedelta(days=k):%Y%m%d}" for k in (-1, 0, 1)]
            if any(one.startswith(day) for one in near):
                raise ServiceError(sentence)
        if len(day) == 8:
            dates = [day] if day in self.by_date else []
        else:
            dates = [one for one in self.by_date if one.startswith(day)]
        for one in dates:
            yield from (entry for entry in self.by_date[one] if entry[1].startswith(prefix))

    def night_of(self, name: str) -> Night | None:
        """The night that has a tracklet."""
        for night, found, _ in self.matching(name):
            if found == name:
                return self.nights[night]
        return None


class Index:
    """The newest snapshot of a store. Threads may share it."""

    def __init__(self, store: str, refresh_s: float) -> None:
        self.store, self.refresh_s = store, refresh_s
        self.folder: Folder = open_folder(store)
        self._lock = threading.Lock()
        self._snapshot = Snapshot()
        self._seen: tuple[int, ...] | None = None
        self._read_at = -float("inf")

    def snapshot(self, renew: bool = False) -> Snapshot:
        """The nights as they are now.

        On a local file system a change is seen at once: whoever replaces a manifest changes its
        folder's time. Elsewhere it is seen after `refresh_s`, as is the repair of a damaged night.

        Parameters
        ----------
        renew : look at each manifest, whatever the folder says
        """
        seen = self._folder_stamp()
        if not renew and self._current(seen):
            return self._snapshot
        with self._lock:
            if renew or not self._current(seen):
                begun = time.monotonic()
                self._snapshot = self._read()
                self._seen, self._read_at = seen, begun
            return self._snapshot

    def _current(self, seen: tuple[int, ...] | None) -> bool:
        lately = time.monotonic() - self._read_at < self.refresh_s
        if isinstance(self.folder, LocalFolder):
            return seen is not None and seen == self._seen and (lately or not self._snapshot.broken)
        return lately

    def _folder_stamp(self) -> tuple[int, ...] | None:
        """Changes when a manifest does; None where that is not sure."""
        if not isinstance(self.folder, LocalFolder):
            return None
        try:
            status = os.stat(self.folder.path / "manifests")
        except FileNotFoundError:
            return None
        if time.time_ns() - status.st_mtime_ns < SETTLED_NS:
            return None
        return (status.st_mtime_ns, status.st_ino)

    def _stamps(self) -> dict[str, tuple[int, ...]]:
        states = self.folder.states("manifests").items()
        return {name[:8]: stamp for name, stamp in states if is_night_file(name)}

    def _read(self) -> Snapshot:
        before, stamps = self._snapshot, self._stamps()
        new = [
            night
            for night, stamp in stamps.items()
            if night not in before.nights or before.nights[night].stamp != stamp
        ]
        if not new and set(stamps) == set(before.nights):
            return before
        with ThreadPoolExecutor(4) as pool:
            read = dict(zip(new, pool.map(lambda n: self._try(n, stamps[n]), new), strict=True))
        all_nights = {n: read.get(n) or before.nights.get(n) for n in sorted(stamps)}
        whole = {n: found for n, found in all_nights.items() if isinstance(found, Night)}
        broken = {n: found for n, found in all_nights.items() if isinstance(found, str)}
        by_date: dict[str, list[tuple[str, str, int]]] = {}
        for night in whole.values():
            for name, n in night.counts:
                by_date.setdefault(name[5:13], []).append((night.night, name, n))
        return Snapshot(whole, by_date, broken)

    def _try(self, night: str, stamp: tuple[int, ...]) -> Night | str | None:
        """A night; a sentence where it is damaged; None where it was taken away."""
        for _ in range(5):
            try:
                manifest = manifest_of(self.folder, night)
            except FileNotFoundError:
                return None
            except ServiceError:
                raise
            except (UserError, ValueError, KeyError) as error:
                return f"The manifest of the night {night} cannot be read: {error}"
            try:
                return read_night(self.folder, night, stamp, manifest)
            except FileNotFoundError:
                continue
            except (OSError, pa.ArrowException, KeyError, UserError) as error:
                return f"The night {night} cannot be read: {first_line(error)}"
        return f"The store is damaged: a file is gone that the manifest of {night} names."


def is_night_file(name: str) -> bool:
    """Whether a file is the manifest of a day of the calendar."""
    if not re.fullmatch(r"\d{8}\.json", name, re.ASCII):
        return False
    try:
        datetime.strptime(name, "%Y%m%d.json")
    except ValueError:
        return False
    return True


def read_night(
    folder: Folder, night: str, stamp: tuple[int, ...], manifest: Mapping[str, Any]
) -> Night:
    """A night as its manifest has it; FileNotFoundError where it was replaced meanwhile."""
    files = manifest["files"]

    def later(name: str) -> pa.Table | None:
        return read_files(folder, name, files[name]) if name in files and name in TABLES else None

    carried = Carry(tuple(manifest["configuration"]["carry"]["columns"])).by_name
    return Night(
        night=night,
        run=manifest["run"],
        stamp=stamp,
        manifest={key: manifest[key] for key in SUMMARY if key in manifest},
        files=files,
        carried=frozenset(carried),
        configuration={key: manifest["configuration"].get(key) for key in CONFIGURATION},
        tracklets=read_files(folder, "tracklets", files["tracklets"]),
        satellites=later("satellites"),
        flashes=later("flashes"),
    )


def first_line(error: BaseException) -> str:
    """An exception's text as a part of a sentence."""
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".") + "."


def summary(night: Night) -> dict[str, Any]:
    """What is told of a night, as JSON has it."""
    return json.loads(json.dumps(dict(night.manifest)))

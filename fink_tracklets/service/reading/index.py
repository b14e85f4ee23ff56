"""The newest state of a store, renewed when a manifest changes."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.naming import name_parts, parse_night
from fink_tracklets.service.reading.snapshot import HeldNight, Listed, Snapshot
from fink_tracklets.service.refusal import first_line
from fink_tracklets.store.folder import Folder, LocalFolder
from fink_tracklets.store.manifest import read_manifest
from fink_tracklets.store.night import Replaced, StoredNight
from fink_tracklets.store.open import open_folder

SETTLED_NS = 100_000_000
"""A folder that changed so shortly before it was read may have changed since in the same tick."""
ATTEMPTS = 5
"""A night that is replaced each time it is read for so often counts as broken."""


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
        whole = {n: found for n, found in all_nights.items() if isinstance(found, HeldNight)}
        broken = {n: found for n, found in all_nights.items() if isinstance(found, str)}
        by_date: dict[str, list[Listed]] = {}
        for night in whole.values():
            for date, entries in night.by_date.items():
                by_date.setdefault(date, []).extend(entries)
        return Snapshot(whole, by_date, broken)

    def _try(self, night: str, stamp: tuple[int, ...]) -> HeldNight | str | None:
        """A night; a sentence where it is damaged; None where it was taken away."""
        for _ in range(ATTEMPTS):
            try:
                stored = StoredNight(self.folder, read_manifest(self.folder, night))
            except FileNotFoundError:
                return None
            except ServiceError:
                raise
            except UserError as error:
                return f"The manifest of the night {night} cannot be read: {error}"
            try:
                return hold(stored, stamp)
            except Replaced:
                continue
            except ServiceError:
                raise
            except UserError as error:
                return str(error)
            except (OSError, pa.ArrowException, KeyError, ValueError) as error:
                return f"The night {night} cannot be read: {first_line(error)}"
        return f"The night {night} was run again each time it was read."


def is_night_file(name: str) -> bool:
    """Whether a file is the manifest of a day of the calendar."""
    if not name.endswith(".json"):
        return False
    try:
        parse_night(name.removesuffix(".json"))
    except UserError:
        return False
    return True


def hold(stored: StoredNight, stamp: tuple[int, ...]) -> HeldNight:
    """A night with its small tables in memory."""

    def later(name: str) -> pa.Table | None:
        return stored.table(name) if stored.has(name) else None

    tracklets = stored.table("tracklets")
    return HeldNight(
        stored=stored,
        survey=stored.survey,
        stamp=stamp,
        tracklets=tracklets,
        by_date=_by_date(stored.night, tracklets),
        satellites=later("satellites"),
        flashes=later("flashes"),
    )


def _by_date(night: str, tracklets: pa.Table) -> dict[str, list[Listed]]:
    found: dict[str, list[Listed]] = {}
    columns = (tracklets[name].to_pylist() for name in ("tracklet", "n_alerts"))
    for name, n_alerts in zip(*columns, strict=True):
        found.setdefault(name_parts(name).date, []).append(Listed(night, name, n_alerts))
    return found

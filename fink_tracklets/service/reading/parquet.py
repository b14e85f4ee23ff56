"""Answers from the Parquet store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import pyarrow as pa

from fink_tracklets.errors import ServiceError
from fink_tracklets.service.query import Query
from fink_tracklets.service.reading.answers import Answer, page, pick, rows_of
from fink_tracklets.service.reading.columns import finished, named, selected
from fink_tracklets.service.reading.index import Index
from fink_tracklets.service.reading.snapshot import HeldNight, Snapshot
from fink_tracklets.store.joined import alert_rows
from fink_tracklets.store.night import Replaced

T = TypeVar("T")
ATTEMPTS = 20
"""A night that is replaced each time it is read for so often is a failure."""


class ParquetReader:
    """Reads a store; threads may share it.

    Parameters
    ----------
    store : folder of the store
    cache_bytes : of joined nights held in memory
    refresh_s : how old the list of nights may be where the store is not local
    """

    def __init__(self, store: str, cache_bytes: int, refresh_s: float) -> None:
        self.index = Index(store, refresh_s)
        self.cache_bytes = cache_bytes
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, str], pa.Table] = OrderedDict()
        self._held_bytes = 0

    def check(self) -> None:
        """Raises where the store cannot be read."""
        self.index.snapshot()

    def consistent(self, work: Callable[[Snapshot], T]) -> T:
        """Do work on one state of the store; again where a night was replaced meanwhile."""
        for attempt in range(ATTEMPTS):
            try:
                return work(self.index.snapshot(renew=attempt > 0))
            except Replaced:
                continue
        raise ServiceError("A night was run again each time it was read: ask again later.")

    def answer(self, query: Query, row_limit: int) -> Answer:
        """The rows of whole tracklets, newest first."""
        return self.consistent(lambda snapshot: self._answer(snapshot, query, row_limit))

    def _answer(self, snapshot: Snapshot, query: Query, row_limit: int) -> Answer:
        wanted = query.wanted
        found = [
            entry
            for entry in snapshot.matching(wanted.prefix)
            if not wanted.exact or entry.name == wanted.prefix
        ]
        part = page([(entry.name, entry.n_alerts) for entry in found], query.after, row_limit)
        names = set(part.names)
        nights = sorted({entry.night for entry in found if entry.name in names})
        table = pick([self.joined(snapshot.nights[night]) for night in nights], part.names)
        total = part.total
        if wanted.row:
            table = rows_of(table, wanted.row)
            total = len(table)
        return Answer(selected(table, query.columns, snapshot.columns), total, part.last)

    def joined(self, night: HeldNight) -> pa.Table:
        """A night's rows as they are answered."""
        key = (night.name, night.manifest.run)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        stored = night.stored
        later = (stored.table(name) for name in ("satellites", "glints", "flashes"))
        alerts = stored.table("tracklet_alerts")
        carry = night.survey.carry
        table = finished(named(alert_rows(alerts, night.tracklets, *later), carry), carry)
        with self._lock:
            if key not in self._held:
                self._held[key] = table
                self._held_bytes += table.nbytes
            while self._held_bytes > self.cache_bytes and len(self._held) > 1:
                self._held_bytes -= self._held.popitem(last=False)[1].nbytes
        return table

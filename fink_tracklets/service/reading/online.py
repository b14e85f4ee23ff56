"""Nights that run: a stream writes of them, and no run has stored them yet."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from fink_tracklets.errors import UserError
from fink_tracklets.service.reading.index import Index
from fink_tracklets.service.refusal import Refusal
from fink_tracklets.store.online import online_nights, read_online, tracklets_of


@dataclass(frozen=True)
class RunningNight:
    """What is known of a night so far."""

    night: str
    alerts: pa.Table
    """One row for each alert in a tracklet (`fink_tracklets.tables.ONLINE`)."""

    @property
    def survey(self) -> str:
        """The survey's name."""
        return str((self.alerts.schema.metadata or {}).get(b"survey", b"").decode())

    @cached_property
    def tracklets(self) -> list[dict[str, Any]]:
        """See `tracklets_of`."""
        return tracklets_of(self.alerts)


def running(index: Index) -> list[RunningNight]:
    """The nights that run and can be read, the newest first; a damaged one says so itself."""
    stored, found = index.snapshot().nights, []
    for night in reversed(online_nights(index.folder)):
        if night not in stored:
            with suppress(UserError):
                found.append(RunningNight(night, read_online(index.folder, night)))
    return found


def running_night(index: Index, night: str) -> RunningNight:
    """A night that runs.

    Raises
    ------
    Refusal : 404, it does not
    """
    if night in index.snapshot().nights:
        raise Refusal(404, f"The night {night} is stored and final: see /night/{night}.")
    if night not in online_nights(index.folder):
        raise Refusal(404, f"No night {night} runs.")
    return RunningNight(night, read_online(index.folder, night))

"""The nights of a store as they are held in memory, all in one state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fink_tracklets.errors import ServiceError
from fink_tracklets.naming import parse_name_beginning, parse_night
from fink_tracklets.service.reading.columns import COMPUTED, column_names
from fink_tracklets.service.refusal import Refusal
from fink_tracklets.store.manifest import Manifest
from fink_tracklets.store.night import StoredNight
from fink_tracklets.survey import Carry, Survey
from fink_tracklets.tables import FLASHES, SATELLITES, TRACKLETS
from fink_tracklets.years.span import NightTables
from fink_tracklets.years.summary import sparse

SUMMARY = (
    "night",
    "run",
    "version",
    "written",
    "survey",
    "alerts_read",
    "alerts_unusable",
    "funnel",
    "exposures",
    "exposures_skipped",
    "exposures_given_up",
    "exposures_crowded",
    "rows",
)
"""What of the manifest the service tells."""
OF_MATCH = ["tracklet", "norad_cat_id", "object_name", "object_type", "zone", "certain"]
"""What of a best match is held for lists of satellites."""


class Listed(NamedTuple):
    """A tracklet in the list of all."""

    night: str
    name: str
    n_alerts: int


@dataclass(frozen=True)
class HeldNight:
    """A stored night with its small tables in memory."""

    stored: StoredNight
    survey: Survey
    """The survey as it was when the night was run."""
    stamp: tuple[int, ...]
    """Numbers that change when the manifest's file is replaced."""
    tracklets: pa.Table
    by_date: Mapping[str, list[Listed]]
    """The tracklets by the UTC date, YYYYMMDD, of their exposures."""
    satellites: pa.Table | None
    """The matches; None where they were not looked for."""
    flashes: pa.Table | None
    """The tracklets' flashes; None where they were not measured."""

    @property
    def name(self) -> str:
        """The night's name, YYYYMMDD."""
        return self.stored.night

    @property
    def manifest(self) -> Manifest:
        """What was done in the night."""
        return self.stored.manifest

    @cached_property
    def counts(self) -> tuple[NDArray[np.int32], NDArray[np.int64]] | None:
        """The night's table `summary`, see `sparse`; None of a night without."""
        return sparse(self.stored.table("summary")) if self.stored.has("summary") else None

    @property
    def parts(self) -> NightTables:
        """What the night adds to the tracklets of a span."""
        none = [table.arrow_schema.empty_table() for table in (SATELLITES, FLASHES)]
        satellites = none[0] if self.satellites is None else self.satellites
        flashes = none[1] if self.flashes is None else self.flashes
        return NightTables(self.name, self.tracklets, satellites, flashes)

    def summary(self) -> dict[str, Any]:
        """What is told of the night, as JSON has it."""
        whole = self.manifest.as_dict()
        return {name: whole[name] for name in SUMMARY}

    def part(
        self, name: str, column: str, value: object, only: list[str] | None = None
    ) -> pa.Table | None:
        """The rows of a table where a column has this value; None if the night has no such table.

        Only what can have the value is read from the files.
        """
        if not self.stored.has(name):
            return None
        return self.stored.table(name, only, pc.field(column) == pc.scalar(value))

    def exposure_of(self, name: str) -> str:
        """The exposure of a tracklet that the night has."""
        place = self.tracklets["tracklet"].to_pylist().index(name)
        exposure: str = self.tracklets["exposure"][place].as_py()
        return exposure


@dataclass(frozen=True)
class Snapshot:
    """All nights at one time."""

    nights: Mapping[str, HeldNight] = field(default_factory=dict)
    by_date: Mapping[str, list[Listed]] = field(default_factory=dict)
    """The tracklets by the UTC date, YYYYMMDD, of their exposures."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """The nights that could not be read, each with the sentence that says why."""
    statistics: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    """What the page of statistics shows of all nights, once it was asked for."""

    @cached_property
    def columns(self) -> frozenset[str]:
        """All columns that an answer can have, under the broker's names."""
        carried = {night.survey.carry for night in self.nights.values()} or {Carry()}
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

    def matching(self, prefix: str) -> Iterator[Listed]:
        """The tracklets whose names begin so.

        Raises
        ------
        ServiceError : a night that may have such tracklets cannot be read
        """
        beginning = parse_name_beginning(prefix)
        if beginning is None:
            return
        day, _ = beginning
        for night, sentence in self.broken.items():
            near = [f"{parse_night(night) + timedelta(days=k):%Y%m%d}" for k in (-1, 0, 1)]
            if any(one.startswith(day) for one in near):
                raise ServiceError(sentence)
        if len(day) == 8:
            dates = [day] if day in self.by_date else []
        else:
            dates = [one for one in self.by_date if one.startswith(day)]
        for one in dates:
            yield from (entry for entry in self.by_date[one] if entry.name.startswith(prefix))

    def night(self, name: str) -> HeldNight:
        """A night of the store.

        Raises
        ------
        ServiceError : it cannot be read
        Refusal : 404, the store has none of that name
        """
        if name in self.broken:
            raise ServiceError(self.broken[name])
        if name not in self.nights:
            raise Refusal(404, f"The store has no night {name}.")
        return self.nights[name]

    def night_of(self, name: str) -> HeldNight:
        """The night that has a tracklet; 404 where the store has none of that name."""
        for entry in self.matching(name):
            if entry.name == name:
                return self.nights[entry.night]
        raise Refusal(404, f"The store has no tracklet {name}.")

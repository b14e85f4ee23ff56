"""A span of stored nights: their counts added up, and their tracklets, each with its satellite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from fink_tracklets.errors import UserError
from fink_tracklets.naming import NightSpan, parse_nights
from fink_tracklets.store.folder import Folder
from fink_tracklets.store.manifest import nights_of
from fink_tracklets.store.night import Replaced, StoredNight, open_night
from fink_tracklets.survey import Survey
from fink_tracklets.years.summary import Summary, merged

OF_TRACKLET = (
    *("tracklet", "exposure_start", "n_alerts", "n_points", "length_arcsec"),
    *("ra_start", "dec_start", "mag_mean"),
)
OF_MATCH = (
    *("tracklet", "norad_cat_id", "object_name", "object_type", "ops_status", "rcs_m2", "zone"),
    *("semi_major_axis_km", "eccentricity", "inclination_deg", "range_km", "phase_angle_deg"),
    *("arc_arcsec", "certain", "rank"),
)
OF_FLASHES = (
    *("tracklet", "period_m_s", "period_p_s", "period_s", "duration_s", "instant_mag"),
    *("amplitude_mag", "standard_mag", "standard_mag_lambert", "expected_mag", "arc_source"),
    *("n_central", "n_multi_peak"),
)


@dataclass(frozen=True, eq=False)
class Span:
    """Nights of one survey."""

    nights: tuple[StoredNight, ...]
    """The earliest first."""
    survey: Survey
    """That of the newest night."""
    summary: Summary
    """Of all of them."""
    tracklets: pd.DataFrame
    """One row per tracklet: night, `OF_TRACKLET`, and of its best match and its flashes
    `OF_MATCH` and `OF_FLASHES` (`flash_` before what both have), null where there are none."""

    @property
    def text(self) -> str:
        """The nights as they are written on a command line."""
        return str(parse_nights(",".join(one.night for one in self.nights)))

    @property
    def matched(self) -> pd.DataFrame:
        """The tracklets with a satellite."""
        return self.tracklets[self.tracklets["norad_cat_id"].notna()]


def read_span(folder: Folder, wanted: NightSpan | None = None) -> Span:
    """The nights of a store, or those of a span that it has.

    Raises
    ------
    UserError
        The store has none of them, a night has no summary, or they are of two surveys.
    """
    nights = tuple(open_night(folder, night) for night in nights_of(folder, wanted))
    _need_summaries(nights, folder)
    need_one_survey(nights, folder)
    parts: list[NightTables] = []

    def summaries() -> Iterator[pa.Table]:
        for one in nights:
            summary, part = read_night(one)
            parts.append(part)
            yield summary

    total = merged(summaries())
    return Span(nights, nights[-1].survey, total, joined(parts))


def need_one_survey(nights: Sequence[StoredNight], folder: Folder) -> None:
    """Raises where nights are of two surveys."""
    surveys = sorted({one.manifest.survey for one in nights})
    if len(surveys) > 1:
        raise UserError(
            f"{folder.address}: the nights are of the surveys {', '.join(surveys)}, whose counts "
            "do not add up: give nights of one (--nights)."
        )


def _need_summaries(nights: Sequence[StoredNight], folder: Folder) -> None:
    lacking = [one.night for one in nights if not one.has("summary")]
    if lacking:
        span = parse_nights(",".join(lacking))
        raise UserError(
            f"{folder.address}: {len(lacking):,} of the {len(nights):,} nights have no summary "
            f"(tables of an older version): give `fink-tracklets summarise --nights {span} "
            "--store DIR --alerts PATH` first."
        )


@dataclass(frozen=True)
class NightTables:
    """What a night adds to `Span.tracklets`; the tables may have further columns."""

    night: str
    tracklets: pa.Table
    satellites: pa.Table
    flashes: pa.Table


def read_night(stored: StoredNight) -> tuple[pa.Table, NightTables]:
    """A night's summary and tables, in one state: where it is replaced meanwhile, its newest."""
    while True:
        try:
            return stored.table("summary"), NightTables(
                stored.night,
                stored.table("tracklets", list(OF_TRACKLET)),
                stored.table("satellites", list(OF_MATCH)),
                stored.table("flashes", list(OF_FLASHES)),
            )
        except Replaced:
            stored = open_night(stored.folder, stored.night)


def joined(nights: Sequence[NightTables]) -> pd.DataFrame:
    """The tracklets of nights as in `Span`."""

    def all_of(name: str, columns: tuple[str, ...]) -> pd.DataFrame:
        tables = [getattr(night, name).select(columns) for night in nights]
        names = [night.night for night in nights]
        frame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
        frame.insert(0, "night", np.repeat(names, [len(table) for table in tables]))
        return frame

    key = ["night", "tracklet"]
    found = all_of("tracklets", OF_TRACKLET)
    matches = all_of("satellites", OF_MATCH)
    best = matches[matches["rank"] == 1].drop_duplicates(key).drop(columns="rank")
    found = found.merge(best, on=key, how="left")
    return found.merge(all_of("flashes", OF_FLASHES), on=key, how="left")

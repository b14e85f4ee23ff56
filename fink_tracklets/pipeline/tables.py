"""What a night's candidates and tracklets become: its tables.

Exposures, tracklets and short tracks are few and always come from the driver. Candidates and the
tracklets' alerts do, too, where they are few; else they stay in Spark, which joins and writes them.
The rows are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from fink_tracklets.alerts.exposures import AlertNight
from fink_tracklets.naming import exposure_microseconds
from fink_tracklets.pipeline.link import (
    MEASURED,
    SEARCHED_COLUMNS,
    deaths_named,
    is_light,
    link_candidates,
    named_tracklets,
    task_of_exposure,
)
from fink_tracklets.survey import Survey
from fink_tracklets.tables import (
    CANDIDATES,
    EXPOSURES,
    SHORT_TRACKS,
    TRACKLET_ALERTS,
    TRACKLETS,
)

FEW = 200_000
"""So many candidates the driver holds at once: some 100 MB with the survey's own columns."""


@dataclass(frozen=True)
class FoundNight:
    """What was found in a night, not yet stored."""

    tables: dict[str, pa.Table | DataFrame]
    """By name, those of `fink_tracklets.tables`."""
    tracklets: pd.Series
    """The exposure of each tracklet."""
    given_up: pd.Series
    """The exposures whose search was too much work."""
    cached: tuple[DataFrame, ...] = ()
    """To be unpersisted when the tables are written."""


def find_night(alerts: AlertNight, survey: Survey) -> FoundNight:
    """Find a night's tracklets.

    Parameters
    ----------
    alerts : by exposure
    survey : what is looked for
    """
    counts = alerts.counts
    candidates = alerts.exposures.select("exposure", F.inline("found"))
    if counts["candidates"].sum() > FEW:
        return _spread(candidates, counts, survey)
    held = candidates.toArrow()
    if is_light(counts, survey):
        linked = named_tracklets(held.select(SEARCHED_COLUMNS).to_pandas(), survey)
    else:
        tasks = task_of_exposure(counts, survey)
        with deaths_named(tasks, counts):
            linked = link_candidates(candidates, tasks, survey).toArrow().to_pandas()
    members, short = linked[linked["tracklet"].notna()], linked[linked["short_track"].notna()]
    one_each = linked.drop_duplicates(["exposure", "tracklet", "short_track"])
    return _found(one_each, short, counts, survey, held_tables(held, members))


def _spread(candidates: DataFrame, counts: pd.DataFrame, survey: Survey) -> FoundNight:
    """What is found of so many candidates that no process holds them all."""
    tasks = task_of_exposure(counts, survey)
    linked = link_candidates(candidates, tasks, survey).persist()
    columns = ("exposure", "jd", "tracklet", "short_track", *(column.name for column in MEASURED))
    each = linked.select(*columns).dropDuplicates(["exposure", "tracklet", "short_track"])
    with deaths_named(tasks, counts):
        one_each = each.toArrow().to_pandas()
    short = linked.where(F.col("short_track").isNotNull()).toArrow().to_pandas()
    members = linked.where(F.col("tracklet").isNotNull())
    return _found(one_each, short, counts, survey, spread_tables(candidates, members), (linked,))


def _found(
    one_each: pd.DataFrame,
    short: pd.DataFrame,
    counts: pd.DataFrame,
    survey: Survey,
    tables: dict[str, pa.Table | DataFrame],
    cached: tuple[DataFrame, ...] = (),
) -> FoundNight:
    """With the tables of tracklets, short tracks and exposures.

    Parameters
    ----------
    one_each : one row of each tracklet and short track (`MEMBER_DDL`), and one of each exposure
        that was given up
    short : the alerts of short tracks
    tables : the others
    """
    tracklets = one_each[one_each["tracklet"].notna()]
    given_up = one_each.loc[one_each[["tracklet", "short_track"]].isna().all(axis=1), "exposure"]
    few = {
        "tracklets": TRACKLETS.from_frame(
            tracklets.assign(exposure_start=exposure_start(tracklets["jd"]))
        ),
        "short_tracks": SHORT_TRACKS.from_frame(short.assign(evidence="alerts")),
        "exposures": exposure_table(counts, tracklets["exposure"], survey),
    }
    return FoundNight({**few, **tables}, tracklets["exposure"], given_up, cached)


def held_tables(candidates: pa.Table, members: pd.DataFrame) -> dict[str, pa.Table | DataFrame]:
    """The tables `candidates` and `tracklet_alerts`, of candidates in memory.

    Parameters
    ----------
    candidates : exposure, those of `ALERT_COLUMNS`, and the struct carry
    members : the alerts in a tracklet (`MEMBER_DDL`)
    """
    key = ["exposure", "alert_id"]
    added = ["tracklet", "along_arcsec", "offset_arcsec"]
    placed = candidates.select(key).to_pandas().merge(members[[*key, *added]], "left", key)
    for name in added:
        kind = TRACKLET_ALERTS.arrow_schema.field(name).type
        column = pa.array(placed[name].astype(object), kind, from_pandas=True)
        candidates = candidates.append_column(name, column)
    inside = candidates.filter(pc.is_valid(candidates["tracklet"]))
    kind = inside.schema.field("carry").type
    sent = [field.name for field in kind] if pa.types.is_struct(kind) else []
    alerts = inside.select(TRACKLET_ALERTS.names)
    for name in carried(sent):
        alerts = alerts.append_column(name, pc.struct_field(inside["carry"], name))
    return {"tracklet_alerts": alerts, "candidates": candidates.select(CANDIDATES.names)}


def spread_tables(candidates: DataFrame, members: DataFrame) -> dict[str, pa.Table | DataFrame]:
    """The same tables, of candidates in Spark."""
    key = ["exposure", "alert_id"]
    placed = members.select(*key, "tracklet", "along_arcsec", "offset_arcsec")
    sent = getattr(candidates.schema["carry"].dataType, "names", [])
    alerts = candidates.join(placed, key).select(
        *TRACKLET_ALERTS.names, *(F.col("carry")[name].alias(name) for name in carried(sent))
    )
    named = candidates.join(placed, key, "left").select(*CANDIDATES.names)
    return {"tracklet_alerts": alerts, "candidates": named}


def carried(sent: list[str]) -> list[str]:
    """The survey's columns that are not among ours."""
    return [name for name in sent if name not in TRACKLET_ALERTS.names]


def exposure_table(counts: pd.DataFrame, tracklets: pd.Series, survey: Survey) -> pa.Table:
    """The table `exposures`.

    Parameters
    ----------
    counts : of the exposures (`AlertNight.counts`)
    tracklets : the exposure of each tracklet
    """
    usable = counts[counts["exposure"].notna()]
    numbers = usable[[f"cut_{k}" for k in range(len(survey.cuts))]].to_numpy()
    funnels = [
        [{"cut": cut.name, "alerts": int(n)} for cut, n in zip(survey.cuts, row, strict=True)]
        for row in numbers
    ]
    return EXPOSURES.from_frame(
        usable.assign(
            exposure_start=exposure_start(usable["jd"]),
            funnel=pd.Series(funnels, usable.index, dtype=object),
            tracklets=tracklets_in(usable["exposure"], tracklets),
        )
    )


def tracklets_in(exposures: pd.Series, tracklets: pd.Series) -> pd.Series:
    """How many of the tracklets, given by their exposures, each of the exposures has."""
    return exposures.map(tracklets.value_counts()).fillna(0).astype("int64")


def exposure_start(jd: pd.Series) -> pd.Series:
    """The moments of Julian dates [UTC]."""
    return pd.to_datetime(
        pd.Series(exposure_microseconds(jd.to_numpy(float)), jd.index), unit="us", utc=True
    )

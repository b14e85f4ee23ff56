"""The end-of-night flow in Spark, top to bottom: alerts, exposures, candidates, tracklets, tables.

The alerts are read once: one aggregation by exposure yields the funnel's counts and collects the
few candidates, and everything after it works on those.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from fink_tracklets.alerts.exposures import by_exposure
from fink_tracklets.alerts.path import night_path
from fink_tracklets.alerts.read import read_alerts
from fink_tracklets.finder import find_tracklets
from fink_tracklets.naming import UNIX_EPOCH_JD, tracklet_names
from fink_tracklets.survey import Survey
from fink_tracklets.tables import CANDIDATES, EXPOSURES, TRACKLET_ALERTS, TRACKLETS

MEASURED = tuple(
    column
    for column in TRACKLETS.columns
    if column.name not in ("tracklet", "exposure", "exposure_start", "jd")
)
MEMBER_DDL = ", ".join(
    [
        "exposure string, jd double, alert_id bigint, tracklet string",
        "along_arcsec double, offset_arcsec double",
        *(f"{column.name} {column.type}" for column in MEASURED),
    ]
)


@dataclass(frozen=True)
class FoundNight:
    """What was found in a night, not yet stored."""

    tables: dict[str, DataFrame]
    """By name, those of `fink_tracklets.tables`."""
    counts: pd.DataFrame
    """One row per exposure: exposure, jd, alerts, cut_0, cut_1, ..., candidates. The row whose
    exposure is null counts the alerts that cannot be used, in all and for each of `UNUSABLE`."""
    cached: tuple[DataFrame, ...]
    """To be unpersisted when the tables are written."""


def find_night(spark: SparkSession, path: str, night: str, survey: Survey) -> FoundNight:
    """Find a night's tracklets.

    Parameters
    ----------
    path : the alerts, see `night_path`
    night : YYYYMMDD
    survey : what the alerts look like, and what is looked for
    """
    alerts = read_alerts(spark, night_path(spark, path, night), survey)
    exposures = by_exposure(alerts, survey).persist()
    counts = _collect(exposures.drop("found")).sort_values(["jd", "exposure"], ignore_index=True)

    candidates = exposures.select("exposure", "candidates", F.inline("found"))
    members = link_candidates(candidates, survey).persist()
    tables = {
        "tracklets": tracklet_table(members),
        "tracklet_alerts": tracklet_alert_table(candidates, members),
        "candidates": candidate_table(candidates, members),
        "exposures": exposure_table(exposures, members, survey),
    }
    return FoundNight(tables, counts, (exposures, members))


def _collect(table: DataFrame) -> pd.DataFrame:
    return pd.DataFrame([row.asDict() for row in table.collect()], columns=table.columns)


def link_candidates(candidates: DataFrame, survey: Survey) -> DataFrame:
    """The alerts that belong to a tracklet, with its name and its measures (`MEMBER_DDL`).

    Exposures go to Python in buckets. Those that share a second share a bucket, as they share one
    numbering.
    """
    second = F.floor(_unix_micros() / 1_000_000)
    buckets = 2 * candidates.sparkSession.sparkContext.defaultParallelism
    columns = ("exposure", "jd", "alert_id", "ra", "dec", "detector", "x", "y", "mag")
    return (
        candidates.where(
            F.col("candidates").between(survey.finder.min_points, survey.finder.max_candidates)
        )
        .select(*columns, F.pmod(F.xxhash64(second), F.lit(buckets)).alias("bucket"))
        .groupBy("bucket")
        .applyInPandas(lambda frame: named_tracklets(frame, survey), MEMBER_DDL)
    )


def named_tracklets(frame: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """`find_tracklets` with the tracklets' names and magnitudes, in the columns of `MEMBER_DDL`.

    Parameters
    ----------
    frame : candidates, with jd [exposure start, UTC] and mag; all exposures of a second together
    """
    found = find_tracklets(frame, survey).merge(
        frame[["exposure", "alert_id", "jd", "mag"]].drop_duplicates(["exposure", "alert_id"]),
        on=["exposure", "alert_id"],
    )
    found = found.sort_values(["exposure", "number", "alert_id"], ignore_index=True)
    tracklets = found.groupby(["exposure", "number"], as_index=False).agg(
        jd=("jd", "first"),
        n_alerts=("n_alerts", "first"),
        first_alert=("alert_id", "first"),
        mag_mean=("mag", "mean"),
        mag_min=("mag", "min"),
        mag_max=("mag", "max"),
    )
    tracklets["tracklet"] = tracklet_names(tracklets)
    named = found.drop(columns=["jd", "n_alerts", "mag"]).merge(tracklets)
    names = [field.split()[0] for field in MEMBER_DDL.split(", ")]
    return named.reindex(columns=names)


def tracklet_table(members: DataFrame) -> DataFrame:
    """The table `tracklets`."""
    one_each = members.dropDuplicates(["tracklet"])
    return one_each.select(
        *(_exposure_start() if name == "exposure_start" else name for name in TRACKLETS.names)
    )


def tracklet_alert_table(candidates: DataFrame, members: DataFrame) -> DataFrame:
    """The table `tracklet_alerts`, with the survey's carried columns."""
    known = set(TRACKLET_ALERTS.names)
    carry = candidates.schema["carry"].dataType
    carried = [name for name in getattr(carry, "names", []) if name not in known]
    placed = members.select("exposure", "alert_id", "tracklet", "along_arcsec", "offset_arcsec")
    return candidates.join(F.broadcast(placed), ["exposure", "alert_id"]).select(
        *TRACKLET_ALERTS.names, *(F.col("carry")[name].alias(name) for name in carried)
    )


def candidate_table(candidates: DataFrame, members: DataFrame) -> DataFrame:
    """The table `candidates`."""
    names = members.select("exposure", "alert_id", "tracklet")
    joined = candidates.join(F.broadcast(names), ["exposure", "alert_id"], "left")
    return joined.select(*CANDIDATES.names)


def exposure_table(exposures: DataFrame, members: DataFrame, survey: Survey) -> DataFrame:
    """The table `exposures`."""
    found = members.groupBy("exposure").agg(F.count_distinct("tracklet").alias("tracklets"))
    steps = [
        F.struct(F.lit(cut.name).alias("cut"), F.col(f"cut_{k}").alias("alerts"))
        for k, cut in enumerate(survey.cuts)
    ]
    values = {
        "exposure_start": _exposure_start(),
        "ra": F.pmod(F.degrees(F.atan2("py", "px")), F.lit(360.0)).alias("ra"),
        "dec": F.degrees(F.atan2("pz", F.hypot("px", "py"))).alias("dec"),
        "funnel": F.array(*steps).alias("funnel"),
        "tracklets": F.coalesce("tracklets", F.lit(0)).alias("tracklets"),
    }
    return (
        exposures.where(F.col("exposure").isNotNull())
        .join(F.broadcast(found), "exposure", "left")
        .select(*(values.get(name, F.col(name)) for name in EXPOSURES.names))
    )


def _unix_micros() -> Column:
    """Microseconds since 1970, as in `naming.exposure_second`."""
    return F.rint((F.col("jd") - F.lit(UNIX_EPOCH_JD)) * F.lit(86_400_000_000.0)).cast("bigint")


def _exposure_start() -> Column:
    return F.timestamp_micros(_unix_micros()).alias("exposure_start")

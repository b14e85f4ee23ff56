"""The end-of-night flow in Spark, top to bottom: alerts, exposures, candidates, tracklets, tables.

The alerts are read once: one aggregation by exposure yields the funnel's counts and collects the
few candidates, and everything after it works on those.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from fink_tracklets.alerts.exposures import by_exposure
from fink_tracklets.alerts.path import night_path
from fink_tracklets.alerts.read import read_alerts
from fink_tracklets.finder.find import search
from fink_tracklets.naming import UNIX_EPOCH_JD, exposure_second, tracklet_names
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
TASK_COST = 5e6
"""N^2 log2 N of the exposures of one task, about: some tenths of a second."""
MAX_TASKS = 4_000


@dataclass(frozen=True)
class FoundNight:
    """What was found in a night, not yet stored."""

    tables: dict[str, DataFrame]
    """By name, those of `fink_tracklets.tables`."""
    counts: pd.DataFrame
    """One row per exposure: exposure, jd, alerts, cut_0, cut_1, ..., candidates. The row whose
    exposure is null counts the alerts that cannot be used, in all and for each of `UNUSABLE`."""
    linked: DataFrame
    """What `link_candidates` found."""
    cached: tuple[DataFrame, ...]
    """To be unpersisted when the tables are written."""

    def outcome(self) -> tuple[pd.Series, pd.Series]:
        """The exposure of each tracklet, and the exposures whose search was given up."""
        rows = self.linked.select("exposure", "tracklet").distinct().collect()
        frame = pd.DataFrame(rows, columns=["exposure", "tracklet"], dtype=object)
        given_up = frame["tracklet"].isna()
        return frame["exposure"][~given_up], frame["exposure"][given_up]


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
    linked = link_candidates(candidates, task_of_exposure(counts, survey), survey).persist()
    members = linked.where(F.col("tracklet").isNotNull())
    tables = {
        "tracklets": tracklet_table(members),
        "tracklet_alerts": tracklet_alert_table(candidates, members),
        "candidates": candidate_table(candidates, members),
        "exposures": exposure_table(exposures, members, survey),
    }
    return FoundNight(tables, counts, linked, (exposures, linked))


def _collect(table: DataFrame) -> pd.DataFrame:
    return pd.DataFrame([row.asDict() for row in table.collect()], columns=table.columns)


def task_of_exposure(counts: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Which task searches which exposure, as columns exposure and task; none that cannot hold one.

    Exposures that share a second go together, as they share one numbering of their tracklets. The
    number of tasks comes from the work. The costliest are assigned first, each to the task with the
    least work until then, so that a heavy exposure is alone. What is found does not depend on it.

    Parameters
    ----------
    counts : one row per exposure, with jd and candidates
    """
    limits = survey.finder
    some = counts[counts["candidates"].between(limits.min_points, limits.max_candidates)]
    some = some[some["exposure"].notna()]
    n = some["candidates"].to_numpy(float)
    cost = pd.Series(n**2 * np.log2(n))
    second = exposure_second(some["jd"].to_numpy(float))
    by_second: pd.Series[float] = (
        cost.groupby(second).sum().sort_values(ascending=False, kind="stable")
    )
    tasks = int(np.clip(by_second.sum() / TASK_COST, 1, MAX_TASKS))
    least = [(0.0, task) for task in range(tasks)]
    assigned = {}
    for one, work in by_second.items():
        before, task = heapq.heappop(least)
        assigned[one] = task
        heapq.heappush(least, (before + work, task))
    numbers = [assigned[one] for one in second]
    return pd.DataFrame({"exposure": some["exposure"].to_numpy(), "task": numbers})


def link_candidates(candidates: DataFrame, task_of: pd.DataFrame, survey: Survey) -> DataFrame:
    """The alerts that belong to a tracklet, with its name and its measures (`MEMBER_DDL`); an
    exposure that was given up is a row that has nothing else.

    Parameters
    ----------
    task_of : see `task_of_exposure`
    """
    tasks = candidates.sparkSession.createDataFrame(task_of, "exposure string, task int")
    columns = ("exposure", "jd", "alert_id", "ra", "dec", "detector", "x", "y", "mag")
    return (
        candidates.join(F.broadcast(tasks), "exposure")
        .select(*columns, "task")
        .repartitionById(int(task_of["task"].max()) + 1 if len(task_of) else 1, "task")
        .select(*columns)
        .mapInPandas(lambda frames: _linked(frames, survey), MEMBER_DDL)
    )


def _linked(frames: Iterator[pd.DataFrame], survey: Survey) -> Iterator[pd.DataFrame]:
    """`named_tracklets` of all that a task got."""
    parts = [frame for frame in frames if len(frame)]
    if parts:
        yield named_tracklets(pd.concat(parts, ignore_index=True), survey)


def named_tracklets(frame: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """`find_tracklets` with the tracklets' names and magnitudes, in the columns of `MEMBER_DDL`;
    the exposures that were given up follow.

    Parameters
    ----------
    frame : candidates, with jd [exposure start, UTC] and mag; all exposures of a second together
    """
    found, given_up = search(frame, survey)
    found = found.merge(
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
    named = named.reindex(columns=names)
    if not given_up:
        return named
    lost = pd.DataFrame({"exposure": given_up}, dtype=object)
    return pd.concat([named, lost.reindex(columns=names)])


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

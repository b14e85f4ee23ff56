"""From alerts to exposures: one aggregation yields the funnel's counts and the candidates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from fink_tracklets.alerts.packets import read_packets
from fink_tracklets.alerts.path import night_path
from fink_tracklets.alerts.plane import before_locus
from fink_tracklets.alerts.read import ALERT_COLUMNS, packet_alerts, read_alerts
from fink_tracklets.survey import Survey

UNUSABLE = ("no_id", "no_time", "no_position")
"""Why an alert cannot be used at all."""


@dataclass(frozen=True)
class AlertNight:
    """A night's alerts by exposure, read once."""

    packets: list[DataFrame]
    """As they lie there (`read_packets`)."""
    exposures: DataFrame
    """`by_exposure` of them, cached: to be unpersisted at the end."""
    counts: pd.DataFrame
    """One row per exposure, by time: the columns of `by_exposure` but its candidates, and ra, dec
    [deg, ICRS] of its centre. The row whose exposure is null counts the alerts that cannot be used,
    in all and for each of `UNUSABLE`."""
    plane: NDArray[np.int32] | None
    """The code (`plane_code`) of each alert before the locus cut; None of a survey without one."""


def read_night(spark: SparkSession, path: str, survey: Survey) -> AlertNight:
    """Read a night's alerts from where they are (`night_path`)."""
    packets = read_packets(spark, path, survey)
    return alert_night(packets, packet_alerts(packets, path, survey), survey)


def alert_night(packets: list[DataFrame], alerts: DataFrame, survey: Survey) -> AlertNight:
    """A night's alerts (`read_alerts`), counted and cut."""
    exposures = by_exposure(alerts, survey).persist()
    centre = (
        F.pmod(F.degrees(F.atan2("py", "px")), F.lit(360.0)).alias("ra"),
        F.degrees(F.atan2("pz", F.hypot("px", "py"))).alias("dec"),
    )
    kept = [name for name in exposures.columns if name not in ("found", "px", "py", "pz")]
    read = exposures.select(*kept, *centre).toArrow()
    counts = read.drop_columns("plane").to_pandas()
    usable = read.filter(read["exposure"].is_valid())
    plane = pc.list_flatten(usable["plane"]).to_numpy() if survey.locus is not None else None
    by_time = counts.sort_values(["jd", "exposure"], ignore_index=True)
    return AlertNight(packets, exposures, by_time, plane)


def unusable_alerts() -> dict[str, Column]:
    """For each of `UNUSABLE`, whether an alert (`read_alerts`) is so."""
    return {
        "no_id": F.col("alert_id").isNull(),
        "no_time": F.col("exposure").isNull() | ~_known(F.col("jd").between(0, 1e7)),
        "no_position": ~_known(F.col("ra").between(-360, 360) & F.col("dec").between(-90, 90)),
    }


def passes_cuts(survey: Survey) -> Column:
    """Whether an alert (`read_alerts`) passes all cuts."""
    return F.col("passed") == len(survey.cuts)


def by_exposure(alerts: DataFrame, survey: Survey) -> DataFrame:
    """One row per exposure: when and where, the funnel's counts, and its candidates as an array.

    Alerts that cannot be used come together in a row whose exposure is null. Nothing here depends
    on the order of the rows, to the last bit.
    """
    unusable = unusable_alerts()
    usable = ~reduce(Column.__or__, map(F.col, UNUSABLE))
    passes_all = passes_cuts(survey)
    candidate = F.struct(*(name for name in ALERT_COLUMNS if name != "exposure"), "carry")
    ra, dec = F.radians("ra"), F.radians("dec")
    grouped = (
        alerts.withColumns(unusable)
        .withColumn("exposure", F.when(usable, F.col("exposure")))
        .groupBy("exposure")
        .agg(
            F.min("jd").alias("jd"),
            _exact_mean(F.cos(dec) * F.cos(ra)).alias("px"),
            _exact_mean(F.cos(dec) * F.sin(ra)).alias("py"),
            _exact_mean(F.sin(dec)).alias("pz"),
            F.min("band").alias("band"),
            _exact_mean(F.when(F.col("limiting_mag").between(0, 40), F.col("limiting_mag"))).alias(
                "limiting_mag"
            ),
            F.count("*").alias("alerts"),
            *(F.count_if(reason).alias(reason) for reason in UNUSABLE),
            *(F.count_if(F.col("passed") > k).alias(f"cut_{k}") for k in range(len(survey.cuts))),
            F.collect_list(F.when(before_locus(survey), F.col("plane"))).alias("plane"),
            F.sort_array(F.collect_list(F.when(passes_all, candidate))).alias("found"),
        )
    )
    found = F.when(F.col("exposure").isNotNull(), F.filter("found", _is_first_of_its_id))
    return grouped.withColumn("found", found).withColumn(
        "candidates", F.coalesce(F.size("found"), F.lit(0)).cast("bigint")
    )


def night_candidates(
    spark: SparkSession, path: str, night: str, survey: Survey
) -> tuple[pd.DataFrame, dict[object, NDArray[np.float64]]]:
    """The candidates of a night in memory, and the centre of each of their exposures.

    Parameters
    ----------
    path : the alerts, see `night_path`
    night : YYYYMMDD

    Returns
    -------
    candidates : exposure, alert_id, ra, dec [deg, ICRS], detector, x, y [pixel]
    centres : exposure to the mean unit vector of its alerts, not normalized
    """
    centre, names = ["px", "py", "pz"], ["alert_id", "ra", "dec", "detector", "x", "y"]
    rows = (
        by_exposure(read_alerts(spark, night_path(spark, path, night), survey), survey)
        .where(F.col("exposure").isNotNull())
        .select("exposure", *centre, F.inline("found"))
        .select("exposure", *centre, *names)
        .collect()
    )
    frame = pd.DataFrame(rows, columns=["exposure", *centre, *names])
    first = frame.drop_duplicates("exposure").set_index("exposure")[centre]
    centres = dict(zip(first.index, first.to_numpy(float), strict=True))
    return frame.drop(columns=centre), centres


def _exact_mean(values: Column) -> Column:
    """The mean, to nine decimals: whole numbers add up to the same sum in any order."""
    return F.avg(F.rint(values * 1e9)) / 1e9


def _known(condition: Column) -> Column:
    """The condition, with null as false."""
    return F.coalesce(condition, F.lit(False))


def _is_first_of_its_id(alert: Column, index: Column) -> Column:
    """In a sorted array: not a redelivered packet of the alert before."""
    before = F.get("found", index - 1)["alert_id"]
    return before.isNull() | (before != alert["alert_id"])

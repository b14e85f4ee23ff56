"""What only a night's alerts tell of its counts: the plane of P1's figure 1, and scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from fink_tracklets.alerts.exposures import read_night
from fink_tracklets.alerts.path import night_path
from fink_tracklets.alerts.plane import plane_counts
from fink_tracklets.store.night import StoredNight
from fink_tracklets.survey import Survey, load_survey
from fink_tracklets.years.stage import plane_summary
from fink_tracklets.years.summary import Summary

Scores = Callable[[NDArray[np.int64]], NDArray[np.float64]]


def plane_of(plane: NDArray[np.int32] | None) -> Summary | None:
    """The counts of a plane as `AlertNight` has it."""
    return None if plane is None else plane_summary(*plane_counts(plane))


def count_alerts(
    spark: SparkSession, alerts: str, stored: StoredNight
) -> tuple[Summary | None, Scores]:
    """The plane of a stored night, and its candidates' scores.

    Parameters
    ----------
    alerts : path of the night's alerts, may hold {Y}, {m} and {d}
    """
    survey = _with_score(stored.survey)
    read = read_night(spark, night_path(spark, alerts, stored.night), survey)
    try:
        found = read.exposures.where(F.col("exposure").isNotNull()).select(F.inline("found"))
        scores = found.select("alert_id", "quality").toArrow().to_pandas()
    finally:
        read.exposures.unpersist()
    by_id = scores.drop_duplicates("alert_id").set_index("alert_id")["quality"]
    return plane_of(read.plane), lambda ids: by_id.reindex(ids).to_numpy(float)


def _with_score(survey: Survey) -> Survey:
    """The survey; where it was stored without a score and a plane, with those of its file."""
    if survey.locus is not None:
        return survey
    newest = load_survey(survey.name)
    names = {cut.name for cut in survey.cuts}
    locus = newest.locus if newest.locus and newest.locus.before in names else None
    columns = replace(survey.columns, quality=newest.columns.quality)
    return replace(survey, columns=columns, locus=locus)

"""Where an alert lies in the plane of P1's figure 1, as one whole number that Spark counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column
from pyspark.sql import functions as F

from fink_tracklets.survey import Survey
from fink_tracklets.survey.packet import Locus
from fink_tracklets.tables.summary import BRIGHTENING, DISTANCE, QUALITY_UNIT, Axis

SCORES = 1 << 14
"""A score from 0 to 1 takes 10,001 of these."""
NOWHERE = DISTANCE.n * BRIGHTENING.n
"""The cell of alerts without a reference object."""


def plane_columns(locus: Locus) -> dict[str, str]:
    """What the plane needs, in words, and its SQL."""
    return {
        "the plane's distance": locus.distance_arcsec,
        "the plane's brightening": locus.brightening_mag,
    }


def plane_code(survey: Survey) -> Column:
    """Cell times `SCORES` plus the score in 1e-4; null for a survey without a locus."""
    if survey.locus is None:
        return F.lit(None).cast("int")
    distance = F.expr(survey.locus.distance_arcsec).try_cast("double")
    brightening = F.expr(survey.locus.brightening_mag).try_cast("double")
    there = F.coalesce(
        (distance >= 0) & ~F.isnan(distance) & brightening.between(-1e3, 1e3), F.lit(False)
    )
    along = _bin(F.log10(F.greatest(distance, F.lit(1e-9))), DISTANCE)
    cell = along * BRIGHTENING.n + _bin(brightening, BRIGHTENING)
    score = F.expr(survey.columns.quality).try_cast("double")
    whole = F.coalesce(F.when(score.between(0, 1), F.rint(score / QUALITY_UNIT)), F.lit(0.0))
    code = F.when(there, cell).otherwise(F.lit(NOWHERE)) * SCORES + whole
    return code.cast("int")


def before_locus(survey: Survey) -> Column:
    """Whether an alert passes all cuts before that of the locus."""
    if survey.locus is None:
        return F.lit(False)
    before = [cut.name for cut in survey.cuts].index(survey.locus.before)
    return F.col("passed") >= before


def plane_counts(codes: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Alerts and summed scores [1e-4] of each cell of the plane, and alerts in none."""
    cell, score = np.divmod(codes.astype(np.int64), SCORES)
    counts = np.bincount(cell, minlength=NOWHERE + 1)
    order = np.zeros(NOWHERE + 1, np.int64)
    np.add.at(order, cell, score)
    return counts[:NOWHERE], order[:NOWHERE], int(counts[NOWHERE])


def _bin(value: Column, axis: Axis) -> Column:
    place = F.floor((value - axis.low) / axis.step)
    return F.greatest(F.least(place, F.lit(axis.n - 1)), F.lit(0))

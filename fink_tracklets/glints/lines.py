"""Straight lines of alerts that are certain once their stamps are seen: rows of `short_tracks`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from fink_tracklets.finder.short import find_straight_lines
from fink_tracklets.glints.along import further_peaks, stamps_evidence
from fink_tracklets.naming import LINE_PREFIX, with_names
from fink_tracklets.survey import Survey

NEAR = 10.0
"""Straight lines as good that chance makes in an exposure, up to which stamps may lift one."""


def straight_lines(
    candidates: pd.DataFrame,
    peaks: pd.DataFrame,
    taken: pd.Series,
    survey: Survey,
    known: Iterable[str] = (),
) -> pd.DataFrame:
    """The straight lines of three alerts or more that chance does not explain.

    Parameters
    ----------
    candidates : of a night: alert_id, exposure, jd, ra, dec, and detector, x, y, mag if known
    peaks : of `measure_stamps`
    taken : alert ids of tracklets and short tracks, lines that are certain by themselves too
    known : the names of the latter, which stay
    survey : fewer than its `max_chance_tracklets` as good ones are expected in an exposure

    Returns
    -------
    As the table `short_tracks`: `log10_nfa` is with the evidence of the stamps, `evidence` is
    "stamps" where they speak for the line and "alerts" where they are silent.
    """
    assert survey.glints is not None
    lines = find_straight_lines(candidates, taken, survey, NEAR)
    places = candidates.drop_duplicates(["exposure", "alert_id"])
    lines = lines.merge(places[["exposure", "alert_id", "jd", "ra", "dec"]])
    lines["line"] = lines.groupby(["exposure", "number"]).ngroup()
    further = further_peaks(candidates, peaks, survey.glints)
    others = ~np.isin(further.alert_id, [*taken, *lines["alert_id"]])
    gain = lines["line"].map(stamps_evidence(lines, further, others, survey.glints))
    gain = gain.astype(float)
    lines["log10_nfa"] -= gain
    lines["evidence"] = np.where(gain > 0, "stamps", "alerts")
    lines = lines[lines["log10_nfa"] < np.log10(survey.finder.max_chance_tracklets)]
    return with_names(lines, ["line"], LINE_PREFIX, known)

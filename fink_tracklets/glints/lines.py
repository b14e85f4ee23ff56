"""Lines of alerts that their stamps make certain: rows of the table `short_tracks`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fink_tracklets.finder.short import find_near_lines
from fink_tracklets.glints.along import further_peaks, stamps_evidence
from fink_tracklets.naming import STAMP_PREFIX, tracklet_names
from fink_tracklets.survey import Survey


def lines_by_stamps(
    candidates: pd.DataFrame, peaks: pd.DataFrame, taken: pd.Series, survey: Survey
) -> pd.DataFrame:
    """The lines of three alerts or more that chance does not explain once stamps are counted.

    Parameters
    ----------
    candidates : of a night: alert_id, exposure, jd, ra, dec, and detector, x, y, mag if known
    peaks : of `measure_stamps`
    taken : alert ids of tracklets and short tracks
    survey : fewer than its `max_chance_tracklets` as good ones are expected in an exposure

    Returns
    -------
    As the table `short_tracks`; `log10_nfa` is after the evidence of the stamps, which speaks for
    each of the lines.
    """
    assert survey.glints is not None
    near = find_near_lines(candidates, taken, survey)
    if near.empty:
        return pd.DataFrame()
    places = candidates.drop_duplicates(["exposure", "alert_id"])
    near = near.merge(places[["exposure", "alert_id", "jd", "ra", "dec"]])
    near["line"] = near.groupby(["exposure", "number"]).ngroup()
    further = further_peaks(candidates, peaks, survey.glints)
    others = ~np.isin(further.alert_id, [*taken, *near["alert_id"]])
    evidence = near["line"].map(stamps_evidence(near, further, others, survey.glints))
    near["log10_nfa"] -= evidence
    limit = np.log10(survey.finder.max_chance_tracklets)
    lines = near[(evidence > 0) & (near["log10_nfa"] < limit)]
    if lines.empty:
        return pd.DataFrame()
    tracks = lines.groupby("line", as_index=False).agg(
        jd=("jd", "first"), n_alerts=("n_alerts", "first"), first_alert=("alert_id", "min")
    )
    tracks["short_track"] = tracklet_names(tracks, STAMP_PREFIX)
    named = lines.merge(tracks[["line", "short_track"]], on="line")
    return named.assign(evidence="stamps")

"""Lines of four alerts, too short to be tracklets and yet hardly chance; straight ones of three."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from fink_tracklets.finder.find import search
from fink_tracklets.finder.straight import POINTS, link_straight
from fink_tracklets.survey import Survey

SHORT_POINTS = 4
"""Resolved points of a short track: the parabola through three passes any three."""
MAX_LEFT = 500
"""Candidates outside tracklets in an exposure, up to which short tracks are looked for: among more,
chance makes as many."""
STRAIGHT_LEFT = 200
"""Candidates of no track in an exposure, up to which straight lines are looked for."""


def find_short_tracks(frame: pd.DataFrame, members: pd.Series, survey: Survey) -> pd.DataFrame:
    """The lines of four alerts or more that are no tracklets.

    They are found as tracklets are, with one point less, among the alerts of no tracklet; fewer
    than the survey's `max_chance_tracklets` as good ones are expected by chance in the exposure.

    Parameters
    ----------
    frame : see `find_tracklets`
    members : alert ids of the tracklets

    Returns
    -------
    DataFrame
        As that of `find_tracklets`; empty where the survey's method knows no significance.
    """
    rest = _rest(frame, members, survey, MAX_LEFT)
    shorter = replace(survey, finder=replace(survey.finder, min_points=SHORT_POINTS))
    return search(rest, shorter)[0]


def find_straight_lines(
    frame: pd.DataFrame, members: pd.Series, survey: Survey, limit: float | None = None
) -> pd.DataFrame:
    """The straight lines of three alerts or more.

    Parameters and results are those of `find_short_tracks`; the members are of short tracks, too.

    Parameters
    ----------
    limit : in place of `max_chance_tracklets`
    """
    rest = _rest(frame, members, survey, STRAIGHT_LEFT)
    if limit is not None:
        survey = replace(survey, finder=replace(survey.finder, max_chance_tracklets=limit))
    return search(rest, survey, link_straight, POINTS)[0]


def _rest(frame: pd.DataFrame, members: pd.Series, survey: Survey, most: int) -> pd.DataFrame:
    """All but the members, of exposures that then have no more than `most` alerts."""
    rest = frame[~frame["alert_id"].isin(members)]
    if survey.finder.method != "significant":
        rest = rest.iloc[:0]
    size = rest.groupby("exposure")["alert_id"].transform("size")
    return rest[size <= most]

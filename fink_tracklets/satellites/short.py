"""The objects behind short tracks: what a predicted arc adds to a line of four."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.identify import (
    Catalogue,
    fields_of,
    match_tracklet,
    scenes,
    tracklet_points,
)
from fink_tracklets.satellites.night import false_matches
from fink_tracklets.satellites.shifted import summary
from fink_tracklets.survey import Survey

COLUMNS = ("short_track", "norad_cat_id", "object_name", "certain", "chance_probability")


def match_short_tracks(
    short: pd.DataFrame, elements: Elements, survey: Survey
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The best object of each short track, matched as tracklets are.

    Parameters
    ----------
    short : short_track, exposure, jd, ra, dec, along_arcsec: a row for each alert
    elements : of any epoch
    survey : its site and limits

    Returns
    -------
    matches : one row per matched short track, the columns `COLUMNS`
    record : how many were tried and matched, and how many match under shifted skies
    """
    alerts = short.rename(columns={"short_track": "tracklet"})
    rows = []
    if len(alerts):
        catalogue, by_exposure = Catalogue.of(elements), tracklet_points(alerts)
        false = false_matches(alerts, catalogue, survey)
        in_belt = dict(zip(sorted(alerts["tracklet"].unique()), false.in_belt, strict=True))
        for scene in scenes(catalogue, fields_of(alerts), survey):
            for name, points in by_exposure.get(scene.exposure, {}).items():
                found = match_tracklet(points, scene, survey)
                if not len(found.which):
                    continue
                best = catalogue.elements.take(scene.orbits.rows[found.which[:1]])
                chance = false.chance(found.score[:1], bool(in_belt[name]))[0]
                rows.append((name, best.norad_cat_id[0], best.name[0], found.certain, chance))
        shifted = summary(false)["all"]
    else:
        shifted = {"tried": 0, "matched": 0}
    record = {
        "tried": int(alerts["tracklet"].nunique()),
        "matched": len(rows),
        "on_shifted_skies": shifted,
    }
    return pd.DataFrame(rows, columns=list(COLUMNS)), record

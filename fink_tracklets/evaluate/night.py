"""A night's tracklets, true and found, each with what recall and purity depend on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fink_tracklets.evaluate.compare import pair_by_alerts
from fink_tracklets.finder.find import merge_duplicates, pixel_positions
from fink_tracklets.finder.light import Light
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.track import fit_track, score
from fink_tracklets.sky.sphere import ARCSEC, separation, unit_vectors
from fink_tracklets.survey import Survey


@dataclass(frozen=True)
class Evaluation:
    """True and found tracklets of one night or of several, side by side."""

    tracks: pd.DataFrame
    """One row per true tracklet: the columns of `pair_by_alerts`, exposure, candidates (in its
    exposure), points (its detections that are candidates), arc_arcsec (between its outermost
    points), detectable, orbit_class (null where not known)."""
    tracklets: pd.DataFrame
    """One row per found tracklet: the columns of `pair_by_alerts`, exposure, candidates, points,
    arc_arcsec."""
    exposures: pd.DataFrame
    """One row per exposure with any candidate: exposure, candidates."""


def evaluate(
    truth: pd.DataFrame,
    candidates: pd.DataFrame,
    found: pd.DataFrame,
    survey: Survey,
    tracks: pd.DataFrame | None = None,
) -> Evaluation:
    """Found tracklets against the truth.

    A true tracklet is detectable when at least `min_points` points of it are candidates, four of
    them resolved, and the set of them, given as it is to the significance code, lies below the
    survey's threshold: what is not, no finder that keeps the promise could report.

    Parameters
    ----------
    truth : alert_id, tracklet_id (null for alerts of none); orbit_class if known
    candidates : alert_id, exposure, ra, dec [deg, ICRS]; with detector, x, y [pixel] duplicates of
        a detection are told by pixel; with mag magnitudes are evidence, as for the finder
    found : alert_id, tracklet (unique over exposures)
    survey : its threshold and tolerances are used
    tracks : tracklet_id, orbit_class; the truth's tracks, if known
    """
    rows = candidates.sort_values(["exposure", "alert_id"]).drop_duplicates("alert_id")
    rows = rows.reset_index(drop=True)
    exposures = rows.groupby("exposure").size().rename("candidates").reset_index()
    true, tracklets = pair_by_alerts(truth, found)

    member = truth.dropna(subset="tracklet_id").drop_duplicates("alert_id")
    names = rows["alert_id"].map(member.set_index("alert_id")["tracklet_id"])
    true = true.join(_measure(rows, names, survey, judge=True))
    classes = tracks if tracks is not None else truth
    true["orbit_class"] = None
    if "orbit_class" in classes:
        known = classes.dropna(subset=["tracklet_id", "orbit_class"]).drop_duplicates("tracklet_id")
        true["orbit_class"] = known.set_index("tracklet_id")["orbit_class"].reindex(true.index)

    of_alert = found.drop_duplicates("alert_id").set_index("alert_id")["tracklet"]
    names = rows["alert_id"].map(of_alert)
    tracklets = tracklets.join(_measure(rows, names, survey, judge=False))
    size = exposures.set_index("exposure")["candidates"]
    for table in (true, tracklets):
        table["candidates"] = table["exposure"].map(size).fillna(0).astype("int64")
        table["points"] = table["points"].fillna(0).astype("int64")
    true["detectable"] = true["detectable"].eq(True)
    return Evaluation(
        true.reset_index(names="tracklet_id"), tracklets.reset_index(names="tracklet"), exposures
    )


def evaluate_nights(nights: Iterable[Evaluation]) -> Evaluation:
    """Several nights as one."""
    parts = list(nights)
    return Evaluation(
        *(
            pd.concat([getattr(part, name) for part in parts], ignore_index=True)
            for name in ("tracks", "tracklets", "exposures")
        )
    )


def _measure(rows: pd.DataFrame, names: pd.Series, survey: Survey, judge: bool) -> pd.DataFrame:
    """Of each named set of candidates: exposure, points, arc_arcsec and, to `judge`, detectable.

    Parameters
    ----------
    rows : candidates, sorted by exposure and alert_id
    names : of each row the set it belongs to, or null
    """
    result = {}
    for exposure in rows["exposure"][names.notna()].unique():
        inside = (rows["exposure"] == exposure).to_numpy()
        one = rows[inside].reset_index(drop=True)
        ra, dec = one["ra"].to_numpy(float), one["dec"].to_numpy(float)
        pixels = pixel_positions(one, np.arange(len(one)))
        point_of_row, points = merge_duplicates(np.zeros(len(one), dtype=np.int64), ra, dec, pixels)
        xyz = unit_vectors(ra, dec)[points]
        light = Light.from_magnitudes(one["mag"].to_numpy(float)[points]) if "mag" in one else None
        name_of_row = names[inside].to_numpy()
        for name in pd.unique(name_of_row[pd.notna(name_of_row)]):
            members = np.unique(point_of_row[name_of_row == name])
            arc = separation(xyz[members, None], xyz[None, members]).max() / ARCSEC
            can = is_detectable(survey, xyz, members, light) if judge else None
            result[name] = (exposure, len(members), arc, can)
    columns = ["exposure", "points", "arc_arcsec", "detectable"]
    table = pd.DataFrame(list(result.values()), index=list(result), columns=columns)
    return table if judge else table.drop(columns="detectable")


def is_detectable(
    survey: Survey, xyz: np.ndarray, members: np.ndarray, light: Light | None = None
) -> bool:
    """Whether points of an exposure, given, pass the threshold of significance.

    Parameters
    ----------
    xyz : (n, 3) unit vectors of all points of the exposure
    members : (m,) those in question
    light : the magnitudes of all points, if known
    """
    null, points = NullModel.of(survey, len(xyz)), np.ascontiguousarray(xyz.T)
    track = fit_track(null, points, members, drop=True)
    if track is None:
        return False
    return score(null, points, [track], light)[0].log10_nfa < np.log10(null.threshold)

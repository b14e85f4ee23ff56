"""Lines of three: too short for chance to be told by themselves, but on an object's predicted arc.

Candidates that may belong to one object by their places alone (`blind`) are a line when they lie
beside its arc all at one distance, which no error of its elements changes, and are together no
longer than the object moves in the exposure.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd

from fink_tracklets.finder.short import MAX_LEFT
from fink_tracklets.finder.track import resolve
from fink_tracklets.naming import ARC_PREFIX, with_names
from fink_tracklets.satellites.blind import Singles
from fink_tracklets.satellites.identify import Catalogue, Scene
from fink_tracklets.sky.sphere import ARCSEC, position_angle
from fink_tracklets.survey import Survey

POINTS = 3
"""Of a line, at least, each the first tolerance beyond the last one."""
MAX_SLOPE = 0.003
"""Angle [rad] between line and predicted arc: what elements err by turns it by less."""
OFFSET = 1.5
"""Tolerances of the fit from the line through the outer points."""
TOO_LONG = 1.05
"""Lengths of the arc: no object of its elements moves so far in the exposure."""
BAND = 4.0
"""Widths of the corridor in which the density beside an arc is counted."""
MAX_CHANCE = 0.01
"""Lines as good that chance makes in an exposure, at most."""


def lines_on_arcs(
    candidates: pd.DataFrame,
    single: Singles,
    scene: Scene,
    catalogue: Catalogue,
    survey: Survey,
) -> pd.DataFrame:
    """Lines of three candidates or more of one exposure on the arcs of objects.

    Parameters
    ----------
    candidates : alert_id, exposure, jd: those of no other track
    single : how they match
    scene : the objects around that exposure
    survey : its tolerances and limits

    Returns
    -------
    One row per alert of a line, no alert in two: alert_id, exposure, jd, along_arcsec,
    offset_arcsec, n_alerts, length_arcsec, position_angle_deg, rms_arcsec, log10_nfa,
    norad_cat_id, object_name, certain.
    """
    if not POINTS <= len(candidates) <= MAX_LEFT:
        return pd.DataFrame()
    points, along, aside = single.points, single.along, single.aside
    lines = []
    for which in np.flatnonzero(single.likely.sum(axis=1) >= POINTS):
        near = np.flatnonzero(single.likely[which])
        length = float(scene.nominal.length[which])
        members = best_line(along[which, near], aside[which, near], length, survey)
        if not len(members):
            continue
        found = near[members]
        corridor = along[which], aside[which], length, float(single.reach[which])
        chance = len(single.reach) * lines_by_chance(*corridor, found, near, survey)
        if chance < MAX_CHANCE:
            order = (-len(found), float(single.score[which, found].mean()), which)
            lines.append((order, which, found, float(np.log10(chance))))

    # The longest line first, then the best match; what belongs to one line belongs to no other.
    taken, rows = np.zeros(len(candidates), dtype=bool), []
    for _, which, found, log10_chance in sorted(lines, key=lambda line: line[0]):
        if taken[found].any():
            continue
        taken[found] = True
        shared = (np.isin(other, found).any() for _, rival, other, _ in lines if rival != which)
        at = scene.orbits.rows[which]
        rows.append(
            candidates.iloc[found][["alert_id", "exposure", "jd"]].assign(
                **_measures(along[which, found], aside[which, found]),
                position_angle_deg=_direction(points[found], scene.nominal.normal[which]),
                norad_cat_id=int(catalogue.elements.norad_cat_id[at]),
                object_name=catalogue.elements.name[at],
                certain=not any(shared),
                log10_nfa=log10_chance,
            )
        )
    return pd.concat(rows) if rows else pd.DataFrame()


def best_line(along: np.ndarray, aside: np.ndarray, length: float, survey: Survey) -> np.ndarray:
    """The points of the best line parallel to an arc, in order along it; none where there is none.

    Parameters
    ----------
    along, aside : (n,) of the arc [rad]
    length : of the arc [rad]
    """
    apart = survey.finder.first_tolerance_arcsec * ARCSEC
    close = OFFSET * survey.finder.refined_tolerance_arcsec * ARCSEC
    order = np.lexsort((aside, along))
    x, y = along[order], aside[order]
    best, points = (POINTS - 1, 0.0), np.array([], dtype=np.int64)
    for i, j in combinations(range(len(x)), 2):
        step = x[j] - x[i]
        if j - i < POINTS - 1 or not 2 * apart <= step <= TOO_LONG * length + apart:
            continue
        slope = (y[j] - y[i]) / step
        if abs(slope) > MAX_SLOPE + close / step:
            continue
        off = np.abs(y[i : j + 1] - y[i] - slope * (x[i : j + 1] - x[i]))
        line = i + np.flatnonzero(off <= close)
        resolved = resolve(x[None, line], np.ones((1, len(line)), dtype=bool), apart)
        worth = (int(resolved.sum()), -float(off[line - i].max()))
        if worth[0] >= POINTS and worth > best:
            best, points = worth, line
    return order[points]


def lines_by_chance(
    along: np.ndarray,
    aside: np.ndarray,
    length: float,
    reach: float,
    line: np.ndarray,
    near: np.ndarray,
    survey: Survey,
) -> float:
    """Lines of so many points that chance makes in the corridor along an arc.

    The points beside the line, in a band wider than the corridor, tell how many are there by
    chance, one sigma up, and no fewer than by the exposure's mean density. Two of them are parallel
    to the arc, and each further one is on their line, as often as the corridor is wide.

    Parameters
    ----------
    along, aside : (n,) all points of the exposure, of the arc [rad]
    length, reach : of the arc, and how far aside of it the corridor goes [rad]
    line, near : the points on the line, and those in the corridor
    """
    begin, end = min(0.0, along[near].min()), max(length, along[near].max())
    beside = (np.abs(aside) <= BAND * reach) & (begin <= along) & (along <= end)
    area = 2 * reach * (end - begin) / (survey.field_area_deg2 * np.radians(1) ** 2)
    others = np.count_nonzero(beside) - len(line)
    there = max((others + np.sqrt(others)) / BAND, len(along) * area)
    close = OFFSET * survey.finder.refined_tolerance_arcsec * ARCSEC
    parallel = min((MAX_SLOPE * TOO_LONG * length + close) / reach, 1.0)
    on_line = min(close / reach, 1.0) ** (len(line) - 2)
    return float(there ** len(line) / factorial(len(line)) * parallel * on_line)


def _measures(along: np.ndarray, aside: np.ndarray) -> dict[str, Any]:
    """The columns of a line's alerts, from where they are beside the arc."""
    off = aside - np.polyval(np.polyfit(along, aside, 1), along)
    return {
        "along_arcsec": (along - along.min()) / ARCSEC,
        "offset_arcsec": off / ARCSEC,
        "n_alerts": len(along),
        "length_arcsec": np.ptp(along) / ARCSEC,
        "rms_arcsec": float(np.sqrt(np.mean(off**2))) / ARCSEC,
    }


def _direction(points: np.ndarray, normal: np.ndarray) -> float:
    """Position angle [deg, 0 to 180] of an arc at the middle of a line."""
    middle = points.mean(axis=0)
    return float(position_angle(middle / np.linalg.norm(middle), normal) % 180)


def named_lines(parts: list[pd.DataFrame], expected_false: float) -> pd.DataFrame:
    """Lines with names, and the share of them that chance makes.

    Parameters
    ----------
    parts : of `lines_on_arcs`
    expected_false : lines that chance makes in the night
    """
    full = [part for part in parts if len(part)]
    if not full:
        return pd.DataFrame()
    named = with_names(pd.concat(full), ["exposure", "norad_cat_id"], ARC_PREFIX)
    share = expected_false / named["short_track"].nunique()
    return named.assign(evidence="arc", chance_probability=min(share, 1.0))

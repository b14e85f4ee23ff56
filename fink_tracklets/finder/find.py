"""Candidates of any number of exposures in, the alerts that belong to a tracklet out. No Spark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.errors import UserError
from fink_tracklets.finder import published, significant
from fink_tracklets.finder.curve import Curve, fit_curve
from fink_tracklets.finder.vectors import Array, Ints
from fink_tracklets.sky.sphere import unit_vectors
from fink_tracklets.survey import Survey

NEEDED = ("exposure", "alert_id", "ra", "dec")
FOUND = (
    *("exposure", "alert_id", "number", "along_arcsec", "offset_arcsec", "n_alerts", "n_points"),
    *(field.name for field in fields(Curve)),
    *("log10_nfa", "along_pixel_axis"),
)
Link = Callable[[Array, Ints, Survey, Array | None], tuple[Ints, Array, list[int]]]
"""How points become tracklets: see `significant.link`."""
PIXEL_AXIS_DEG = 1.0
"""A tracklet closer than this to a pixel axis may be a strip of artefacts along a column."""


def find_tracklets(frame: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Find the tracklets of any number of exposures.

    The result does not depend on the order of the rows, nor on which exposures come together.

    Parameters
    ----------
    frame : one row per candidate, with the columns exposure (any type that sorts), alert_id
        (integer), ra and dec [deg, ICRS]; where detector, x and y [pixels] are there too, they
        tell which packets are duplicates of one detection, else equal ra and dec do; where mag is
        there, magnitudes that are alike are evidence (null, NaN, -999 or 99 are none)
    survey : its finder's limits are used; exposures with more alerts than its max_candidates are
        left out

    Returns
    -------
    DataFrame
        One row per alert in a tracklet, sorted by exposure, number and along_arcsec:
        exposure, alert_id, number (of the tracklet within its exposure, from 0: by decreasing
        number of alerts, then by the smallest alert id), along_arcsec, offset_arcsec, and the
        tracklet's n_alerts, n_points (duplicates counted once), the fields of `Curve`, log10_nfa
        (expected number of tracklets as good by chance in this exposure; NaN with the published
        method) and along_pixel_axis (nullable boolean: within 1 degree of a pixel axis; null
        without pixel positions).

    Raises
    ------
    UserError
        A column is missing, or a position is null, not finite or off the sphere.
    """
    return search(frame, survey)[0]


def search(
    frame: pd.DataFrame, survey: Survey, link: Link | None = None, least: int | None = None
) -> tuple[pd.DataFrame, list[Any]]:
    """`find_tracklets`, and the exposures whose search was given up for being too much work.

    Parameters
    ----------
    link : in place of the survey's method, see `significant.link`
    least : alerts of the exposures that are searched, in place of the survey's `min_points`
    """
    rows = searched_rows(frame, survey, survey.finder.min_points if least is None else least)
    if not len(rows):
        return empty_result().copy(), []

    # The points: one for each detection.
    names, ids = frame["exposure"].to_numpy()[rows], frame["alert_id"].to_numpy()[rows]
    exposure = _runs(names)
    ra, dec = (frame[name].to_numpy(float)[rows] for name in ("ra", "dec"))
    pixels = pixel_positions(frame, rows)
    point_of_row, points = merge_duplicates(exposure, ra, dec, pixels)
    xyz = unit_vectors(ra[points], dec[points])

    # The tracklet of each point, by the survey's method.
    given_up: list[int] = []
    if link is None and survey.finder.method == "published":
        label = published.link(xyz, exposure[points], survey.finder)
        log10_nfa = np.full(label.max(initial=-1) + 1, np.nan)
    else:
        magnitudes = frame["mag"].to_numpy(float)[rows][points] if "mag" in frame.columns else None
        link = link or significant.link
        label, log10_nfa, given_up = link(xyz, exposure[points], survey, magnitudes)
    if not len(log10_nfa):
        return empty_result().copy(), [names[np.argmax(exposure == e)] for e in given_up]

    # The rows in tracklets, with what is measured on these. Of a tracklet the first row has the
    # smallest alert id.
    inside = np.flatnonzero(label[point_of_row] >= 0)
    point, number = point_of_row[inside], label[point_of_row[inside]]
    n_alerts, first = np.bincount(number), np.unique(number, return_index=True)[1]
    of_tracklets, of_points = _measure(xyz, pixels[points], label, log10_nfa)

    # By exposure, number of alerts and smallest alert id: however the points were linked.
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.lexsort((first, -n_alerts, exposure[inside[first]]))] = np.arange(len(first))
    order = np.lexsort((np.arange(len(inside)), of_points["along_arcsec"][point], rank[number]))
    inside, point, number = inside[order], point[order], number[order]
    new_exposure = np.diff(exposure[inside], prepend=-1) != 0
    columns = {
        "exposure": names[inside],
        "alert_id": ids[inside],
        "number": rank[number] - np.maximum.accumulate(np.where(new_exposure, rank[number], 0)),
        "n_alerts": n_alerts[number],
        **{name: values[point] for name, values in of_points.items()},
        **{name: values[number] for name, values in of_tracklets.items()},
    }
    found = pd.DataFrame({name: columns[name] for name in FOUND})
    return found, [names[np.argmax(exposure == e)] for e in given_up]


@cache
def empty_result() -> pd.DataFrame:
    """The result without a tracklet: its columns and their types. Made once: give away copies."""
    none = np.empty(0, dtype=np.int64)
    of_tracklets, of_points = _measure(np.empty((0, 3)), np.empty((0, 3)), none, np.empty(0))
    names = {"exposure": none.astype(object), "alert_id": none.astype(object)}
    columns = {**names, "number": none, "n_alerts": none, **of_points, **of_tracklets}
    return pd.DataFrame({name: columns[name] for name in FOUND})


def searched_rows(frame: pd.DataFrame, survey: Survey, least: int) -> Ints:
    """The rows of the exposures that have so many and are not too crowded, one of each alert, in
    the one order that all results refer to.
    """
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise UserError(
            f"find_tracklets: the frame has no column {', '.join(missing)}; "
            f"it needs {', '.join(NEEDED)}."
        )
    ra, dec = frame["ra"].to_numpy(float), frame["dec"].to_numpy(float)
    wrong = ~(np.isfinite(ra) & (np.abs(dec) <= 90.0))
    if wrong.any():
        alert = frame["alert_id"].to_numpy()[wrong][0]
        raise UserError(
            f"find_tracklets: {wrong.sum()} of {len(frame)} positions are null, not finite or off "
            f"the sphere (first: alert {alert}); leave these rows out."
        )
    # Exposures of too few rows go first: of a quiet night they are nearly all.
    exposure = frame["exposure"].to_numpy()
    number = _numbers(exposure)
    rows = np.flatnonzero(np.bincount(number)[number] >= least)
    ids = frame["alert_id"].to_numpy()
    ids = _numbers(ids) if ids.dtype == object else ids
    rows = rows[np.lexsort((dec[rows], ra[rows], ids[rows], number[rows]))]
    again = (np.diff(number[rows], prepend=-1) == 0) & (ids[rows] == np.roll(ids[rows], 1))
    rows = rows[~again]
    size = np.bincount(number[rows])[number[rows]]
    return rows[size <= survey.finder.max_candidates]


def _numbers(names: NDArray[Any]) -> Ints:
    """Numbers of values of any type, ascending with them."""
    if names.dtype == object:
        return np.asarray(pd.factorize(names, sort=True)[0], dtype=np.int64)
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)


def _runs(names: NDArray[Any]) -> Ints:
    """Numbers from 0 of the runs of equal values."""
    return np.cumsum(np.r_[False, names[1:] != names[:-1]], dtype=np.int64)


def merge_duplicates(exposure: Ints, ra: Array, dec: Array, pixels: Array) -> tuple[Ints, Ints]:
    """Packets of one detection (same exposure and pixel position) become one point.

    Parameters
    ----------
    exposure : (rows,) a number for each exposure, ascending
    ra, dec : (rows,) [deg]
    pixels : (rows, 3) detector, x, y; NaN where not known: there the position counts

    Returns
    -------
    point_of_row : (rows,) the number of each row's point
    points : (points,) the row that stands for each point: the first of its rows
    """
    known = np.isfinite(pixels[:, 0])
    detector = np.where(known, pixels[:, 0], -1.0)
    x, y = np.where(known, pixels[:, 1], ra), np.where(known, pixels[:, 2], dec)
    # Rows of one detection come side by side, the first one first.
    order = np.lexsort((y, x, detector, exposure))
    columns = np.stack([exposure, detector, x, y])[:, order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (columns[:, 1:] != columns[:, :-1]).any(axis=0)
    points = order[new]
    first = np.empty(len(order), dtype=np.int64)
    first[order] = points[np.cumsum(new) - 1]
    points = np.sort(points)
    return np.searchsorted(points, first), points


def pixel_positions(frame: pd.DataFrame, rows: Ints) -> Array:
    """Detector (as a number), x and y [pixels] of rows, ``(n, 3)``; NaN where one is not known."""
    positions = np.full((len(rows), 3), np.nan)
    if {"detector", "x", "y"} <= set(frame.columns):
        known = frame[["detector", "x", "y"]].notna().all(axis=1).to_numpy()[rows]
        taken = frame.iloc[rows[known]]
        positions[known, 0] = taken["detector"].factorize(sort=True)[0]
        positions[known, 1:] = taken[["x", "y"]].to_numpy(float)
    return positions


def along_pixel_axis(positions: NDArray[np.float64]) -> bool | None:
    """Whether points run along rows or columns of their detectors.

    Pixel positions restart in every detector: a line is fitted to the points of each, and the
    longest of these pieces decides.

    Parameters
    ----------
    positions : (n, 3) detector, x, y; NaN where not known

    Returns
    -------
    None when no detector holds two points.
    """
    best = (0.0, 0.0)
    for detector in np.unique(positions[np.isfinite(positions).all(axis=1), 0]):
        xy = positions[positions[:, 0] == detector, 1:]
        direction = np.linalg.svd(xy - xy.mean(axis=0), full_matrices=False)[2][0]
        angle = np.degrees(np.arctan2(direction[1], direction[0])) % 90.0
        best = max(best, (float(np.ptp(xy @ direction)), float(min(angle, 90.0 - angle))))
    length, angle = best
    return bool(angle < PIXEL_AXIS_DEG) if length > 0 else None


def _measure(
    points: Array, pixels: Array, label: Ints, log10_nfa: Array
) -> tuple[dict[str, Any], dict[str, Array]]:
    """The measured quantities of each tracklet, and those of each point."""
    # The points of tracklet k are a run of `order`, after those of no tracklet (label -1).
    along, offset = np.full((2, len(points)), np.nan)
    order = np.argsort(label, kind="stable")
    tracklets = np.split(order, np.searchsorted(label[order], range(len(log10_nfa))))[1:]
    curves = []
    for members in tracklets:
        curve, along[members], offset[members] = fit_curve(points[members])
        curves.append([getattr(curve, field.name) for field in fields(Curve)])
    table = np.array(curves).reshape(-1, len(fields(Curve))).T
    axis = [along_pixel_axis(pixels[members]) for members in tracklets]
    of_tracklets = {
        "n_points": np.array([len(members) for members in tracklets], dtype=np.int64),
        **{field.name: values for field, values in zip(fields(Curve), table, strict=True)},
        "log10_nfa": log10_nfa,
        "along_pixel_axis": pd.array(axis, dtype="boolean"),
    }
    return of_tracklets, {"along_arcsec": along, "offset_arcsec": offset}

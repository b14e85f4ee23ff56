"""Candidates of any number of exposures in, the alerts that belong to a tracklet out. No Spark."""

from __future__ import annotations

from dataclasses import asdict, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.errors import UserError
from fink_tracklets.finder import published, significant
from fink_tracklets.finder.curve import Curve, fit_curve
from fink_tracklets.sky.sphere import unit_vectors
from fink_tracklets.survey import Survey

NEEDED = ("exposure", "alert_id", "ra", "dec")
FOUND = (
    *("exposure", "alert_id", "number", "along_arcsec", "offset_arcsec", "n_alerts", "n_points"),
    *(field.name for field in fields(Curve)),
    *("log10_nfa", "along_pixel_axis"),
)
PIXEL_AXIS_DEG = 1.0
"""A tracklet closer than this to a pixel axis may be a strip of artefacts along a column."""


def find_tracklets(frame: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Find the tracklets of any number of exposures.

    The result does not depend on the order of the rows, nor on which exposures come together.

    Parameters
    ----------
    frame : one row per candidate, with the columns exposure (any type that sorts), alert_id
        (integer), ra and dec [deg, ICRS]; where detector, x and y [pixels] are there too, they
        tell which packets are duplicates of one detection, else equal ra and dec do
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
    # The points: one for each detection, of exposures that are not too crowded.
    rows = _sorted_rows(frame)
    crowd = rows.groupby("exposure")["alert_id"].transform("size")
    rows = rows[crowd <= survey.finder.max_candidates].reset_index(drop=True)
    point_of_row, points = merge_duplicates(rows)
    xyz = unit_vectors(rows["ra"].to_numpy(float)[points], rows["dec"].to_numpy(float)[points])

    # The tracklet of each point, by the survey's method.
    exposures = rows["exposure"].factorize()[0][points]
    if survey.finder.method == "published":
        label = published.link(xyz, exposures, survey.finder)
        log10_nfa = np.full(label.max(initial=-1) + 1, np.nan)
    else:
        label, log10_nfa = significant.link(xyz, exposures, survey)

    # Their measured quantities, in an order that does not depend on how the points were linked.
    pixels = pixel_positions(rows.iloc[points])
    found = _measure(rows, point_of_row, xyz, pixels, label, log10_nfa)
    order = found.sort_values(
        ["exposure", "n_alerts", "first_alert", "along_arcsec", "alert_id"],
        ascending=[True, False, True, True, True],
        ignore_index=True,
    )
    order["number"] = (
        order.groupby("exposure")["first_alert"].transform(lambda ids: ids.factorize()[0])
        if len(order)
        else np.empty(0, dtype=np.int64)
    )
    return order[list(FOUND)]


def _sorted_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The candidates in the one order that all results refer to, one row per alert id."""
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
    return frame.sort_values(
        ["exposure", "alert_id", "ra", "dec"], ignore_index=True
    ).drop_duplicates(["exposure", "alert_id"], ignore_index=True)


def merge_duplicates(rows: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Packets of one detection (same exposure and pixel position) become one point.

    Parameters
    ----------
    rows : candidates, sorted by exposure and alert_id

    Returns
    -------
    point_of_row : (rows,) the number of each row's point
    points : (points,) the row that stands for each point: its smallest alert id
    """
    place = [rows["ra"], rows["dec"]]
    if {"detector", "x", "y"} <= set(rows.columns):
        known = rows[["detector", "x", "y"]].notna().all(axis=1)
        place = [
            rows["detector"].where(known, -1),
            rows["x"].where(known, rows["ra"]),
            rows["y"].where(known, rows["dec"]),
        ]
    group = rows.groupby([rows["exposure"], *place], sort=False, dropna=False).ngroup()
    point_of_row = group.factorize()[0]
    return point_of_row, np.unique(point_of_row, return_index=True)[1]


def pixel_positions(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Detector, x and y [pixels] of each row, ``(n, 3)``; NaN where one of them is not known."""
    if not {"detector", "x", "y"} <= set(rows.columns):
        return np.full((len(rows), 3), np.nan)
    known = rows[["detector", "x", "y"]].notna().all(axis=1).to_numpy()
    positions = np.full((len(rows), 3), np.nan)
    positions[known, 0] = rows["detector"][known].factorize(sort=True)[0]
    positions[known, 1:] = rows.loc[known, ["x", "y"]].to_numpy(float)
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
    rows: pd.DataFrame,
    point_of_row: NDArray[np.int64],
    points: NDArray[np.float64],
    pixels: NDArray[np.float64],
    label: NDArray[np.int64],
    log10_nfa: NDArray[np.float64],
) -> pd.DataFrame:
    """The rows whose point has a label, with the measured quantities of their tracklet."""
    # The points of tracklet k are a run of `order`, after those of no tracklet (label -1).
    curves, along, offset = [], np.full(len(points), np.nan), np.full(len(points), np.nan)
    order = np.argsort(label, kind="stable")
    for k, members in enumerate(
        np.split(order, np.searchsorted(label[order], range(len(log10_nfa))))[1:]
    ):
        curve, along[members], offset[members] = fit_curve(points[members])
        curves.append(
            asdict(curve)
            | {
                "n_points": len(members),
                "log10_nfa": log10_nfa[k],
                "along_pixel_axis": along_pixel_axis(pixels[members]),
            }
        )
    # The tracklets' quantities go to all alerts of their points, duplicates too.
    inside = label[point_of_row] >= 0
    point = point_of_row[inside]
    found = rows.loc[inside, ["exposure", "alert_id"]].reset_index(drop=True)
    found["along_arcsec"], found["offset_arcsec"] = along[point], offset[point]
    columns = ["n_points", *(field.name for field in fields(Curve)), "log10_nfa"]
    table = pd.DataFrame(curves, columns=[*columns, "along_pixel_axis"])
    table = table.astype(
        dict.fromkeys(columns, "float64") | {"n_points": "int64", "along_pixel_axis": "boolean"}
    )
    table = table.iloc[label[point]].reset_index(drop=True)
    ids = found.groupby(label[point])["alert_id"]
    found["n_alerts"], found["first_alert"] = ids.transform("size"), ids.transform("min")
    return pd.concat([found, table], axis=1)

"""What Rubin's prompt pipeline removes before a source becomes an alert, its own glints among it.

From its published description: sources on the predicted positions of catalogued satellites go
first; then those of low reliability and long trails; then new sources on straight lines, as its
finder of glint trails sees them; a detector with too many new sources sends none at all.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fink_tracklets.simulate.instruments import Instrument
from fink_tracklets.simulate.mosaic import Floats, Integers
from fink_tracklets.simulate.rubin import reliability

PREDICTED = 0.7
"""Share of the objects that are catalogued and predicted well: chosen, not measured."""
MIN_RELIABILITY = 0.5
MAX_TRAIL_ARCSEC = 12.5
MAX_NEW_SOURCES = 1000
"""Per detector and visit."""
RADIUS_ARCSEC, TOLERANCE_ARCSEC, MIN_POINTS = 100.0, 3.0, 5
"""Its finder: neighbours of a source, their distance from a line, and how many make a trail."""
TRIALS = 200
"""Lines that are tried about one source, all where there are no more."""


def becomes_alert(
    columns: dict[str, np.ndarray],
    detections: pd.DataFrame,
    instrument: Instrument,
    seed: int,
    night: str,
) -> np.ndarray:
    """Which detections (n,) are left.

    Parameters
    ----------
    columns : of the packets, as `packets.draw_columns` makes them
    detections : exposure, detector, x, y [pixels], norad_cat_id (NaN: no satellite), trail [arcsec]
    """
    left = ~_predicted(detections["norad_cat_id"].to_numpy(float), seed)
    left &= reliability(columns) >= MIN_RELIABILITY
    left &= ~(detections["trail"].to_numpy(float) >= MAX_TRAIL_ARCSEC)
    new = columns["ndethist"] == 1

    rng = np.random.default_rng([seed, int(night), RANDOM])
    xy = detections[["x", "y"]].to_numpy(float) * instrument.mosaic.pixel_arcsec
    place = [detections["exposure"].to_numpy(int), detections["detector"].to_numpy(int)]
    rows = np.flatnonzero(left)
    for here in pd.DataFrame({"row": rows}).groupby([of[rows] for of in place])["row"]:
        of_detector = here[1].to_numpy()
        is_new = new[of_detector]
        if is_new.sum() > MAX_NEW_SOURCES:
            left[of_detector] = False
        elif len(of_detector) >= MIN_POINTS:
            on_trail = glint_trails(xy[of_detector], rng) >= 0
            left[of_detector[on_trail & is_new]] = False
    return left


RANDOM = 20_251_007
"""Keeps the finder's trials apart from all other draws of a night."""


def glint_trails(xy: Floats, rng: np.random.Generator) -> Integers:
    """The trail (from 0) that each source of one detector belongs to by the pipeline's rule, or -1.

    About each source a straight line is sought, as RANSAC does, with at least 5 of its neighbours
    within 100" closer than 3" to it. Lines that share two sources are one trail.

    Parameters
    ----------
    xy : positions in the detector [arcsec], shape (n, 2)
    """
    trail = np.full(len(xy), -1)
    for i in range(len(xy)):
        near = np.flatnonzero(np.hypot(*(xy - xy[i]).T) <= RADIUS_ARCSEC)
        if len(near) < MIN_POINTS:
            continue
        members = near[_line(xy[near], rng)]
        if len(members) < MIN_POINTS:
            continue
        known, shared = np.unique(trail[members], return_counts=True)
        same = known[(known >= 0) & (shared >= 2)]
        number = same[0] if len(same) else trail.max() + 1
        trail[np.isin(trail, same)] = number
        trail[members] = number
    return trail


def _line(xy: Floats, rng: np.random.Generator) -> np.ndarray:
    """Which points lie on the straight line through two of them that has most."""
    first, second = np.triu_indices(len(xy), 1)
    if len(first) > TRIALS:
        some = rng.choice(len(first), TRIALS, replace=False)
        first, second = first[some], second[some]
    along = xy[second] - xy[first]
    length = np.hypot(*along.T)
    first, along, length = (part[length > 0] for part in (first, along, length))
    if not len(first):
        return np.zeros(len(xy), dtype=bool)
    off = xy[None, :, :] - xy[first][:, None, :]
    distance = np.abs(along[:, :1] * off[..., 1] - along[:, 1:] * off[..., 0]) / length[:, None]
    inside = distance <= TOLERANCE_ARCSEC
    return np.asarray(inside[inside.sum(axis=1).argmax()])


def _predicted(norad: Floats, seed: int) -> np.ndarray:
    """Whether each source (n,) is of an object that is known where it is."""
    known = {
        number: np.random.default_rng([seed, int(number), RANDOM]).uniform() < PREDICTED
        for number in np.unique(norad[np.isfinite(norad)])
    }
    return np.array([known.get(number, False) for number in norad], dtype=bool)

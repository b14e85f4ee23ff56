"""Simulated tracks added to the candidates of a real night: recall on real backgrounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.evaluate.night import Evaluation, evaluate
from fink_tracklets.finder import find_tracklets
from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.sky.sphere import ARCSEC, ra_dec
from fink_tracklets.survey import Survey

Array = NDArray[np.float64]

POINTS, SHARES = ((5, 6), (7, 10), (11, 40)), (0.3, 0.35, 0.35)
"""Flashes of a track, as the real tracklets have them."""
LENGTH_ARCSEC, LENGTH_SIGMA, MIN_SPACING_ARCSEC = 416.0, 0.6, 6.0
"""Lengths are log-normal around P1's median, with so many arcseconds per point at least."""
JITTERS = (0.015, 0.15, None)
"""Scatter of the flashes in periods; None: they have no period."""
CURVATURE_PER_RAD = 0.1
"""Curvatures are normal with this sigma."""
NOISE = 0.3
"""Scatter of a position, in refined tolerances."""


def inject(
    background: pd.DataFrame, centres: dict[object, Array], survey: Survey, count: int, seed: int
) -> Evaluation:
    """The recall of tracks added to real exposures, one to each of ``count`` copies.

    Every exposure is copied equally often, in random order, so that real tracklets and artefacts
    are there as they are. The found tracklets that are not injected ones count in `tracklets`:
    they are the night's own, true or not.

    Parameters
    ----------
    background : the night's candidates: alert_id, exposure, ra, dec [deg, ICRS]; with detector, x
        and y [pixel] if known
    centres : of each exposure with candidates the middle of its field, a (3,) vector
    seed : the same gives the same tracks in the same exposures

    Returns
    -------
    Evaluation
        Its candidates are those of the night, without the injected ones.
    """
    rng = np.random.default_rng(seed)
    groups = dict(tuple(background.groupby("exposure", sort=True)))
    names = list(groups)
    order = np.concatenate([rng.permutation(len(names)) for _ in range(-(-count // len(names)))])
    copies = []
    for number, k in enumerate(order[:count]):
        track = draw_track(rng, centres[names[k]], survey)
        copy = groups[names[k]].assign(tracklet_id=None)
        points = pd.DataFrame(dict(zip(("ra", "dec"), ra_dec(track), strict=True)))
        both = pd.concat([copy, points.assign(tracklet_id=f"injected-{number}")])
        copies.append(both.assign(exposure=number))
    frame = pd.concat(copies, ignore_index=True)
    frame["alert_id"] = np.arange(len(frame))
    found = find_tracklets(frame, survey)
    found["tracklet"] = found["exposure"].astype(str) + "_" + found["number"].astype(str)
    result = evaluate(frame, frame, found, survey)
    size = frame["tracklet_id"].isna().groupby(frame["exposure"]).sum()
    tables = (result.tracks, result.tracklets, result.exposures)
    return Evaluation(*(t.assign(candidates=t["exposure"].map(size)) for t in tables))


def draw_track(rng: np.random.Generator, centre: Array, survey: Survey) -> Array:
    """Flashes of one track in a survey's field.

    Points: 30 % with 5-6, 35 % with 7-10, 35 % with 11-40. Lengths log-normal around 416 arcsec, 6
    arcsec per point at least. Spacing: a third regular, a third jittered, a third random.
    Curvatures normal, sigma 0.1 per radian; anywhere in the field, in any direction.

    Parameters
    ----------
    centre : (3,) vector to the middle of the field

    Returns
    -------
    (n, 3) vectors
    """
    low, high = POINTS[rng.choice(len(POINTS), p=SHARES)]
    n = int(rng.integers(low, high + 1))
    length = max(rng.lognormal(np.log(LENGTH_ARCSEC), LENGTH_SIGMA), MIN_SPACING_ARCSEC * n)
    jitter = JITTERS[rng.integers(len(JITTERS))]
    share = (
        rng.uniform(size=n)
        if jitter is None
        else (np.arange(n) + rng.normal(0, jitter, n)) / (n - 1)
    )
    along = (share - 0.5) * length
    across = rng.normal(0, CURVATURE_PER_RAD) * along**2 / 2 * ARCSEC
    angle = rng.uniform(0, 2 * np.pi)
    x = along * np.cos(angle) - across * np.sin(angle)
    y = along * np.sin(angle) + across * np.cos(angle)
    size = 3600 * np.sqrt(survey.field_area_deg2) - length
    noise = NOISE * survey.finder.refined_tolerance_arcsec
    x, y = (plane + rng.uniform(-0.5, 0.5) * size + rng.normal(0, noise, n) for plane in (x, y))
    middle = centre / np.linalg.norm(centre)
    # Near the poles other axes than east and north: the track's direction is random.
    pole = np.array([0.0, 0.0, 1.0]) if abs(middle[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    east = np.cross(pole, middle)
    east /= np.linalg.norm(east)
    return TangentPlane(middle, east, np.cross(middle, east)).vectors(x, y)

"""When an object was where: its motion among the stars during the exposure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.sky.sphere import ARCSEC, along_across, great_circle, unit_vectors

Array = NDArray[np.float64]

PLACES = ("start", "middle", "end")
POSITIONS = tuple(f"arc_{axis}_{place}" for place in PLACES for axis in ("ra", "dec"))


def path_times(along_arcsec: ArrayLike, row: Any, exposure_s: float) -> Array:
    """Seconds after the exposure's start at positions along a tracklet.

    What moves on a straight line at constant speed has, as seen from the site, the tangent of its
    angle from any direction as the ratio of two linear functions of time. Three positions fix
    it: those of the matched object at the exposure's start, middle and end.

    Parameters
    ----------
    along_arcsec : from the tracklet's first point, along its great circle
    row : ra_start, dec_start, ra_end, dec_end of the tracklet, and `POSITIONS` of the object
    exposure_s : exposure time
    """
    # The object's places along the tracklet's great circle, from its first point.
    first = unit_vectors(row.ra_start, row.dec_start)
    circle = great_circle(first, unit_vectors(row.ra_end, row.dec_end))
    ra, dec = ([getattr(row, f"arc_{axis}_{place}") for place in PLACES] for axis in ("ra", "dec"))
    places, _ = along_across(unit_vectors(ra, dec), first, circle)

    # With x, the tangent of the angle from the middle place, (x - x0) / (x2 - x) is proportional to
    # t / (T - t); the middle, where t = T / 2, gives the factor.
    x0, x1, x2 = np.tan(places - places[1])
    x = np.tan(np.asarray(along_arcsec, dtype=float) * ARCSEC - places[1])
    passed, ahead = (x - x0) * (x2 - x1), (x2 - x) * (x1 - x0)
    return np.asarray(exposure_s * passed / (passed + ahead))

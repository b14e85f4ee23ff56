"""The straight line and the bend of a tracklet's points, with the errors that an orbit needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.sky.sphere import ARCSEC, along_across, great_circle, unit_vectors

Array = NDArray[np.float64]

LEAST_ARCSEC = 10.0
"""A tracklet shorter than this has no direction."""
FLOOR_ARCSEC, CENTROID_ARCSEC = 0.1, 0.8
"""Error of a bright point, one axis; and what the photons add per magnitude's error: a seeing of 2"
over 2.355 and 1.086."""
UNKNOWN_ARCSEC = 0.2
"""Error of a point whose magnitude has no error."""
NOISE_FREEDOM = 4.0
"""How many points the expected errors weigh against the residuals."""
SAME_POINT_ARCSEC = 0.3
"""Nearer alerts are of one flash."""


@dataclass(frozen=True)
class Line:
    """A tracklet among the stars; vectors (3,) ICRS. Which way the object moves is not known."""

    toward: Array
    """To the middle of the fitted curve."""
    ahead: Array
    """Along it there, from the western end."""
    left: Array
    """`toward x ahead`."""
    points: Array
    """(n,) places along it from the first point [rad], ascending."""
    noise: float
    """Error of a point, one axis [rad]."""
    across_error: float
    """Of `toward`, across the tracklet [rad]."""
    direction_error: float
    """Of `ahead` [rad]."""
    curvature: float
    """Of the fitted curve [1/rad], positive to the left."""
    curvature_error: float

    @property
    def length(self) -> float:
        """From the first to the last point [rad]."""
        return float(self.points[-1])

    @property
    def ends(self) -> Array:
        """(2, 3) the first and the last place on the straight line."""
        half = self.length / 2
        return np.stack(
            [
                np.cos(half) * self.toward - np.sin(half) * self.ahead,
                np.cos(half) * self.toward + np.sin(half) * self.ahead,
            ]
        )


def line_of(tracklet: pd.Series, alerts: pd.DataFrame) -> Line:
    """The line of a row of the table `tracklets` and its alerts.

    Parameters
    ----------
    tracklet : ra_start, dec_start, ra_end, dec_end, length_arcsec
    alerts : of the tracklet: ra, dec, and mag_err where it is known

    Raises
    ------
    ValueError : the tracklet is too short to have a direction
    """
    if not tracklet["length_arcsec"] > LEAST_ARCSEC:
        raise ValueError(f"all points lie within {LEAST_ARCSEC:g} arcsec: no direction")
    start = unit_vectors(tracklet["ra_start"], tracklet["dec_start"])
    end = unit_vectors(tracklet["ra_end"], tracklet["dec_end"])
    middle, normal = start + end, great_circle(start, end)
    middle /= np.linalg.norm(middle)
    along, across = along_across(unit_vectors(alerts["ra"], alerts["dec"]), middle, normal)
    order = np.argsort(along, kind="stable")
    along, across = along[order], across[order]
    distinct = np.append(True, np.diff(along) > SAME_POINT_ARCSEC * ARCSEC)
    along, across = along[distinct], across[distinct]
    n, scale = len(along), float(np.abs(along).max())
    if n < 3:
        raise ValueError("fewer than three points: no curve")

    # A parabola; its place and slope in the middle, and what the points' noise does to it.
    sigma = ARCSEC * _errors(alerts)[order][distinct]
    design = np.vander(along / scale, 3)
    weighted = design / sigma[:, None]
    inverse = np.linalg.inv(weighted.T @ weighted)
    fitted = inverse @ weighted.T @ (across / sigma)
    chi2 = float((((across - design @ fitted) / sigma) ** 2).sum())
    factor = np.sqrt((NOISE_FREEDOM + chi2) / (NOISE_FREEDOM + n - 3))
    inverse *= factor**2
    bend, slope, constant = fitted
    toward = middle + constant * normal
    toward /= np.linalg.norm(toward)
    left = np.cross(toward, np.cross(normal, middle) + slope / scale * normal)
    left /= np.linalg.norm(left)
    return Line(
        toward=toward,
        ahead=np.cross(left, toward),
        left=left,
        points=along - along[0],
        noise=float(factor * np.sqrt(np.mean(sigma**2))),
        across_error=float(np.sqrt(inverse[2, 2])),
        direction_error=float(np.sqrt(inverse[1, 1]) / scale),
        curvature=float(2 * bend / scale**2),
        curvature_error=float(2 * np.sqrt(inverse[0, 0]) / scale**2),
    )


def _errors(alerts: pd.DataFrame) -> Array:
    """Expected errors of points, one axis [arcsec], by their magnitudes' errors."""
    if "mag_err" not in alerts:
        return np.full(len(alerts), UNKNOWN_ARCSEC)
    error = alerts["mag_err"].to_numpy(dtype=float)
    return np.where(
        np.isfinite(error), np.hypot(FLOOR_ARCSEC, CENTROID_ARCSEC * error), UNKNOWN_ARCSEC
    )

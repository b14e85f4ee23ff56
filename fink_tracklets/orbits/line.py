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
NOISE_ARCSEC, NOISE_FREEDOM = 0.2, 4.0
"""Error of a point before its residuals are seen, and how many points that weighs."""
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
    tracklet : ra_start, dec_start, ra_end, dec_end, length_arcsec, curvature, rms_arcsec
    alerts : of the tracklet: ra, dec

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
    design = np.vander(along / scale, 3)
    inverse = np.linalg.inv(design.T @ design)
    _, slope, constant = inverse @ design.T @ across
    noise = ARCSEC * np.sqrt(
        (NOISE_ARCSEC**2 * NOISE_FREEDOM + n * tracklet["rms_arcsec"] ** 2)
        / (NOISE_FREEDOM + max(n - 3, 0))
    )
    toward = middle + constant * normal
    toward /= np.linalg.norm(toward)
    left = np.cross(toward, np.cross(normal, middle) + slope / scale * normal)
    left /= np.linalg.norm(left)
    return Line(
        toward=toward,
        ahead=np.cross(left, toward),
        left=left,
        points=along - along[0],
        noise=float(noise),
        direction_error=float(noise * np.sqrt(inverse[1, 1]) / scale),
        curvature=float(tracklet["curvature"]),
        curvature_error=float(2 * noise * np.sqrt(inverse[0, 0]) / scale**2),
    )

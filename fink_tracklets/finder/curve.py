"""The smooth curve of one tracklet: a great circle and a parabola across it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.sky.sphere import ARCSEC, along_across, position_angle, ra_dec


@dataclass(frozen=True)
class Curve:
    """What is measured on a tracklet's points. The direction of motion is not known: the curve
    runs eastwards (position angle at its middle in [0, 180))."""

    ra_start: float
    """Right ascension of the first point [deg, ICRS]."""
    dec_start: float
    """Declination of the first point [deg, ICRS]."""
    ra_end: float
    """Right ascension of the last point [deg, ICRS]."""
    dec_end: float
    """Declination of the last point [deg, ICRS]."""
    length_arcsec: float
    """Distance from the first to the last point, along the great circle."""
    position_angle_deg: float
    """Direction at the middle, north through east, in [0, 180)."""
    curvature: float
    """Second derivative of the distance from the great circle [1/rad], positive to the left."""
    rms_arcsec: float
    """Root mean square distance of the points from the fitted parabola."""


def fit_curve(
    points: NDArray[np.float64],
) -> tuple[Curve, NDArray[np.float64], NDArray[np.float64]]:
    """Fit the great circle nearest to the points, and a parabola across it.

    Parameters
    ----------
    points : (n, 3) unit vectors, n >= 3, in an order that does not depend on the input's

    Returns
    -------
    curve : the fitted quantities
    along : (n,) distance [arcsec] along the great circle from the first point
    offset : (n,) distance [arcsec] from the parabola, positive to the left of the direction
    """
    # The great circle: its normal is the direction in which the points extend least. It runs
    # through the middle of the points eastwards.
    normal = np.linalg.svd(points, full_matrices=False)[2][2]
    middle = points.mean(axis=0)
    middle -= normal * (middle @ normal)
    middle /= np.linalg.norm(middle)
    angle = float(position_angle(middle, normal))
    if angle >= 180.0:
        normal, angle = -normal, angle - 180.0

    # The parabola, in units in which the furthest point is at 1.
    along, across = along_across(points, middle, normal)
    scale = np.max(np.abs(along))
    coefficients = np.polynomial.polynomial.polyfit(along / scale, across, 2)
    offset = across - np.polynomial.polynomial.polyval(along / scale, coefficients)
    first, last = points[np.argmin(along)], points[np.argmax(along)]
    (ra_start, dec_start), (ra_end, dec_end) = ra_dec(first), ra_dec(last)
    curve = Curve(
        ra_start=float(ra_start),
        dec_start=float(dec_start),
        ra_end=float(ra_end),
        dec_end=float(dec_end),
        length_arcsec=float(np.ptp(along) / ARCSEC),
        position_angle_deg=angle,
        curvature=float(2 * coefficients[2] / scale**2),
        rms_arcsec=float(np.sqrt(np.mean(offset**2)) / ARCSEC),
    )
    return curve, (along - along.min()) / ARCSEC, offset / ARCSEC

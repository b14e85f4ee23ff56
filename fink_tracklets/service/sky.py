"""Places on the sky for pictures: tangent planes and the map of the whole sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.sphere import ARCSEC, unit_vectors

Plane = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Unit vectors towards the centre, east and north."""


def plane(ra: ArrayLike, dec: ArrayLike) -> Plane:
    """The tangent plane at the middle of positions [deg, ICRS]."""
    centre = unit_vectors(ra, dec).mean(axis=0)
    centre /= np.linalg.norm(centre)
    east = np.array([-centre[1], centre[0], 0.0])
    length = np.linalg.norm(east)
    east = east / length if length > 0 else np.array([0.0, 1.0, 0.0])
    return centre, east, np.cross(centre, east)


def offsets(at: Plane, ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    """East and north [arcsec] in the plane, shape (n, 2); NaN for points behind it."""
    centre, east, north = at
    points = unit_vectors(ra, dec)
    depth = points @ centre
    depth = np.where(depth > 1e-6, depth, np.nan)
    return np.stack([points @ east / depth, points @ north / depth], axis=1) / ARCSEC


def positions(at: Plane, east_north: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right ascension and declination [deg, ICRS] of offsets [arcsec], shape (n, 2)."""
    centre, east, north = at
    points = centre + ARCSEC * (east_north[:, :1] * east + east_north[:, 1:] * north)
    ra = np.degrees(np.arctan2(points[:, 1], points[:, 0])) % 360
    dec = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    return np.stack([ra, dec], axis=1)


def fitted_curve(
    at: Plane, along: NDArray[np.float64], points: NDArray[np.float64], n: int = 41
) -> NDArray[np.float64]:
    """The smooth curve through a tracklet's points, shape (n, 2), offsets [arcsec].

    A parabola along the track, as the finder's own.

    Parameters
    ----------
    at : the plane of `points`
    along : distance [arcsec] along the track from its first point
    points : offsets [arcsec], shape (m, 2)
    """
    places = np.linspace(along.min(), along.max(), n)
    degree = min(2, len(np.unique(along)) - 1)
    fits = [np.polynomial.Polynomial.fit(along, points[:, k], degree) for k in (0, 1)]
    return np.stack([fit(places) for fit in fits], axis=1)


def mollweide(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    """Positions [deg] on the map of the whole sky: x in -2..2, y in -1..1, east to the left."""
    longitude = -np.radians((np.asarray(ra, float) + 180) % 360 - 180)
    latitude = np.radians(np.asarray(dec, float))
    theta = latitude.copy()
    for _ in range(30):
        slope = 2 + 2 * np.cos(2 * theta)
        step = (2 * theta + np.sin(2 * theta) - np.pi * np.sin(latitude)) / np.maximum(slope, 1e-9)
        theta = np.clip(theta - step, -np.pi / 2, np.pi / 2)
    return np.stack([2 / np.pi * longitude * np.cos(theta), np.sin(theta)], axis=-1)

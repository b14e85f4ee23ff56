"""Points and great circles on the celestial sphere, as arrays of unit vectors.

Everything is in radians and in unit vectors of shape ``(..., 3)``, so there is no special
case at RA 0/360 or at a pole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

ARCSEC = np.pi / (180 * 3600)
"""One arcsecond [rad]."""


def unit_vectors(ra_deg: ArrayLike, dec_deg: ArrayLike) -> NDArray[np.float64]:
    """Unit vectors of shape ``(..., 3)`` for positions in degrees (any frame, here ICRS)."""
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def ra_dec(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """RA in [0, 360) and Dec in degrees of vectors of shape ``(..., 3)``, of any length."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    ra = np.degrees(np.arctan2(y, x)) % 360.0
    return np.where(ra == 360.0, 0.0, ra), np.degrees(np.arctan2(z, np.hypot(x, y)))


def separation(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angle [rad] between unit vectors, exact at any separation."""
    cross = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.arctan2(cross, np.sum(a * b, axis=-1))


def great_circle(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit normal of the great circle from ``a`` to ``b`` (left of the direction of motion)."""
    normal = np.cross(a, b)
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def along_across(
    points: NDArray[np.float64], origin: NDArray[np.float64], normal: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates [rad] of points relative to a great circle.

    Parameters
    ----------
    points : (..., 3) unit vectors
    origin : (..., 3) unit vector on the circle, where ``along`` is zero
    normal : (..., 3) unit normal of the circle

    Returns
    -------
    along : in (-pi, pi], growing in the circle's direction
    across : in [-pi/2, pi/2], positive towards the normal
    """
    ahead = np.cross(normal, origin)
    along = np.arctan2(np.sum(points * ahead, axis=-1), np.sum(points * origin, axis=-1))
    across = np.arcsin(np.clip(np.sum(points * normal, axis=-1), -1.0, 1.0))
    return along, across


def distance_from_arc(
    points: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Angle [rad] between points and the shorter great-circle arcs from start to end.

    Parameters
    ----------
    points, start, end : (..., 3) unit vectors, which are broadcast against each other

    Returns
    -------
    That from the circle beside the arc, from the nearer end elsewhere; an arc without length is a
    point.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        along, across = along_across(points, start, great_circle(start, end))
    beside = (along >= 0) & (along <= separation(start, end))
    nearer_end = np.minimum(separation(points, start), separation(points, end))
    return np.where(beside, np.abs(across), nearer_end)


def east_north(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Directions (..., 3) east and north at unit vectors (..., 3), both as long as cos dec."""
    east = np.stack([-points[..., 1], points[..., 0], np.zeros_like(points[..., 0])], axis=-1)
    return east, np.cross(points, east)


def position_angle(point: NDArray[np.float64], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Position angle [deg, 0 to 360, north through east] of a circle's direction at a point."""
    ahead = np.cross(normal, point)
    east, north = east_north(point)
    return np.degrees(np.arctan2(np.sum(ahead * east, -1), np.sum(ahead * north, -1))) % 360.0

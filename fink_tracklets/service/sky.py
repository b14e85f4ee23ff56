"""Places on the sky for pictures: beside a tracklet, and on the map of the whole sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.sky.sphere import ra_dec, unit_vectors

GEOSTATIONARY_RADII = 42_164.2 / 6_378.1
"""Radius of the geostationary orbit over that of the Earth."""


def offsets(at: TangentPlane, ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    """East and north [arcsec] of positions [deg, ICRS], shape (n, 2); NaN behind the plane."""
    return np.stack(at.offsets(unit_vectors(ra, dec)), axis=1)


def positions(at: TangentPlane, east_north: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right ascension and declination [deg, ICRS] of offsets [arcsec], shape (n, 2)."""
    return np.stack(ra_dec(at.vectors(*east_north.T)), axis=1)


def fitted_curve(
    along: NDArray[np.float64], points: NDArray[np.float64], n: int = 41
) -> NDArray[np.float64]:
    """The smooth curve through a tracklet's points, shape (n, 2), offsets [arcsec].

    A parabola along the track, as the finder's own.

    Parameters
    ----------
    along : distance [arcsec] along the track from its first point
    points : offsets [arcsec], shape (m, 2)
    """
    places = np.linspace(along.min(), along.max(), n)
    degree = min(2, len(np.unique(along)) - 1)
    fits = [np.polynomial.Polynomial.fit(along, points[:, k], degree) for k in (0, 1)]
    return np.stack([fit(places) for fit in fits], axis=1)


def sexagesimal(ra: float, dec: float) -> str:
    """A position [deg] in hours and degrees, to a tenth of an arcsecond, as SIMBAD reads it.

    Examples
    --------
    >>> sexagesimal(327.680660, -14.023120)
    '21:50:43.36 -14:01:23.2'
    """
    hundredths = round(ra / 15 * 360_000) % 8_640_000
    minutes, second = divmod(hundredths, 6_000)
    tenths = round(abs(dec) * 36_000)
    arcminutes, arcsecond = divmod(tenths, 600)
    sign = "-" if dec < 0 and tenths else "+"
    return (
        f"{minutes // 60:02d}:{minutes % 60:02d}:{second / 100:05.2f} "
        f"{sign}{arcminutes // 60:02d}:{arcminutes % 60:02d}:{arcsecond / 10:04.1f}"
    )


def nearest_on(line: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point of a polyline, shape (n, 2), that is nearest to a point."""
    starts, steps = line[:-1], np.diff(line, axis=0)
    along = ((point - starts) * steps).sum(axis=1) / np.maximum((steps**2).sum(axis=1), 1e-12)
    places = starts + np.clip(along, 0, 1)[:, None] * steps
    nearest: NDArray[np.float64] = places[np.hypot(*(places - point).T).argmin()]
    return nearest


def belt(latitude_deg: float, n: int) -> NDArray[np.float64]:
    """Declination [deg] of the geostationary orbit from a site, where it culminates, n times.

    Towards the horizon it differs by up to a degree; the Earth is taken as a sphere.
    """
    latitude = np.radians(latitude_deg)
    height, aside = -np.sin(latitude), GEOSTATIONARY_RADII - np.cos(latitude)
    return np.full(n, np.degrees(np.arctan2(height, aside)))


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

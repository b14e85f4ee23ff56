"""The tangent plane of a place on the sky (gnomonic projection), in which great circles are lines.

     north
       |   * point: its direction, drawn out until it meets the plane
east --+
     centre, where the plane touches the sphere
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.sky.sphere import ARCSEC, ra_dec, unit_vectors

Array = NDArray[np.float64]

HORIZON = 1e-6
"""Directions whose cosine from the centre is no more than this have no place in the plane."""


@dataclass(frozen=True, eq=False)
class TangentPlane:
    """A plane that touches the unit sphere, and its axes: three unit vectors at right angles."""

    centre: Array
    """(3,) where the plane touches the sphere."""
    east: Array
    """(3,) the first axis."""
    north: Array
    """(3,) the second axis, ``centre x east``."""

    @staticmethod
    def at(ra_deg: float, dec_deg: float) -> TangentPlane:
        """The plane at a position [deg]; at a pole its east is that of the right ascension."""
        centre, ra = unit_vectors(ra_deg, dec_deg), np.radians(ra_deg)
        east = np.array([-np.sin(ra), np.cos(ra), 0.0])
        return TangentPlane(centre, east, np.cross(centre, east))

    @staticmethod
    def amid(vectors: Array) -> TangentPlane:
        """The plane in the middle of vectors (n, 3)."""
        return TangentPlane.at(*map(float, ra_dec(vectors.mean(axis=0))))

    def offsets(self, vectors: Array) -> tuple[Array, Array]:
        """East and north [arcsec] of directions (..., 3); NaN on the far half of the sky."""
        depth = vectors @ self.centre
        depth = np.where(depth > HORIZON, depth, np.nan)
        return vectors @ self.east / depth / ARCSEC, vectors @ self.north / depth / ARCSEC

    def vectors(self, east: ArrayLike, north: ArrayLike) -> Array:
        """Vectors (..., 3), not of unit length, towards places [arcsec] in the plane."""
        x, y = (np.radians(np.asarray(axis, dtype=float) / 3600) for axis in (east, north))
        return np.asarray(self.centre + x[..., None] * self.east + y[..., None] * self.north)

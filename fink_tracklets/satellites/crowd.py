"""How many catalogued objects move like a tracklet where it lies: what chance has to offer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fink_tracklets.satellites.propagation import Instants, sunlit

RADIUS_DEG, ANGLE_DEG = 8.0, 3.0
"""Objects closer than this to the tracklet, and to its direction either way, are counted."""
EARTH_ROTATION = 7.292115e-5
"""Rate at which the Earth turns [rad/s]."""
VOLUME = np.pi * (RADIUS_DEG * 3600) ** 2 * 2 * ANGLE_DEG
"""Volume in which they are counted [arcsec^2 deg]."""


@dataclass(frozen=True)
class Crowd:
    """Sunlit objects N around an exposure, at its middle."""

    direction: np.ndarray
    """(N, 3) unit vectors towards the objects."""
    motion: np.ndarray
    """(N, 3) unit vectors of their motion on the sky, at right angles to `direction`."""
    arc: np.ndarray
    """(N,) how far each moves in the exposure [rad]."""

    def density(self, first: np.ndarray, last: np.ndarray) -> float:
        """Objects per square arcsecond and degree of direction that move along the line from
        `first` to `last` (unit vectors) and at least as far; one more than were counted."""
        # Near the line's middle, ...
        length = np.linalg.norm(last - first)
        middle, ahead = (first + last) / np.linalg.norm(first + last), (last - first) / length
        near = self.direction @ middle > np.cos(np.radians(RADIUS_DEG))
        # ... and parallel to the line, either way, as seen where the object is.
        level = ahead - (self.direction @ ahead)[:, None] * self.direction
        along = np.abs(np.einsum("ni,ni->n", self.motion, level)) > np.cos(
            np.radians(ANGLE_DEG)
        ) * np.linalg.norm(level, axis=1)
        return ((near & along & (self.arc > length)).sum() + 1) / VOLUME


def crowd(
    position_km: np.ndarray,
    velocity_km_s: np.ndarray,
    at: Instants,
    k: int,
    centre: np.ndarray,
    radius: float,
    exposure_s: float,
) -> Crowd:
    """The objects around a field.

    Parameters
    ----------
    position_km, velocity_km_s : (S, 3) of all objects, GCRS
    at, k : the instants and which of them it is
    centre, radius : of the field, unit vector and [rad]
    exposure_s : its length
    """
    # Those in the field or around it that the Sun shines on.
    x = position_km - at.observer_km[k]
    distance = np.sqrt(np.einsum("ij,ij->i", x, x))
    with np.errstate(invalid="ignore"):
        near = x @ centre > np.cos(np.radians(RADIUS_DEG) + radius) * distance
    rows = np.flatnonzero(near)
    rows = rows[sunlit(position_km[rows], at.sun[k])]

    # Their motion across the line of sight, as seen from the site, which the Earth carries along.
    axis = at.to_gcrs[k][:, 2]
    observer = EARTH_ROTATION * np.cross(axis, at.observer_km[k])
    direction = x[rows] / distance[rows, None]
    across = velocity_km_s[rows] - observer
    across -= np.einsum("ij,ij->i", across, direction)[:, None] * direction
    speed = np.linalg.norm(across, axis=1)
    return Crowd(direction, across / speed[:, None], speed / distance[rows] * exposure_s)

"""The criteria of P2 section 3.2."""

from __future__ import annotations

import numpy as np

from fink_tracklets.satellites.arcs import Arcs
from fink_tracklets.satellites.matches import Matches, as_published, normal_angle
from fink_tracklets.sky.sphere import ARCSEC, distance_from_arc, great_circle, separation
from fink_tracklets.survey.satellites import SatelliteLimits


def paper2_matches(points: np.ndarray, nominal: Arcs, limits: SatelliteLimits) -> Matches:
    """Objects whose arc passes along a tracklet and is not shorter, the nearest on average first.

    "Approximately co-linear" is read as for P1: normals at most `max_normal_angle_deg` apart.

    Parameters
    ----------
    points : (n, 3) unit vectors, sorted along the tracklet, ICRS
    nominal : all objects' arcs
    limits : `max_normal_angle_deg` and `max_distance_arcsec`
    """
    # Co-linear arcs that are not shorter than the tracklet, and near all of its points.
    angle = normal_angle(nominal.normal, great_circle(points[0], points[-1]))
    enough = nominal.length >= separation(points[0], points[-1])
    which = np.flatnonzero(enough & (angle <= limits.max_normal_angle_deg))
    arcs = nominal.points[which, None]
    distance = distance_from_arc(points, arcs[..., 0, :], arcs[..., 2, :]) / ARCSEC
    close = (distance <= limits.max_distance_arcsec).all(axis=1)
    return as_published(which[close], distance[close].mean(axis=1), nominal)

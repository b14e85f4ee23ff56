"""The criteria of P1 section 2.1."""

from __future__ import annotations

import numpy as np

from fink_tracklets.satellites.arcs import Arcs
from fink_tracklets.satellites.matches import Matches, as_published, normal_angle
from fink_tracklets.sky.sphere import ARCSEC, great_circle
from fink_tracklets.survey.satellites import SatelliteLimits


def paper1_matches(points: np.ndarray, nominal: Arcs, limits: SatelliteLimits) -> Matches:
    """Objects whose great circle passes along a tracklet, the nearest on average first.

    Parameters
    ----------
    points : (n, 3) unit vectors, sorted along the tracklet, ICRS
    nominal : all objects' arcs
    limits : `max_start_distance_deg`, `max_normal_angle_deg`, `max_distance_arcsec`
    """
    # The three criteria in the paper's order: the satellite starts within reach of the first point,
    # the great circles are nearly parallel, the points lie near the satellite's circle.
    near = nominal.points[:, 0] @ points[0] > np.cos(np.radians(limits.max_start_distance_deg))
    angle = normal_angle(nominal.normal, great_circle(points[0], points[-1]))
    which = np.flatnonzero(near & (angle <= limits.max_normal_angle_deg))
    distance = np.abs(np.arcsin(nominal.normal[which] @ points.T)).mean(axis=1) / ARCSEC
    close = distance <= limits.max_distance_arcsec
    return as_published(which[close], distance[close], nominal)

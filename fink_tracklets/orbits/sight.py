"""What a tracklet says of its orbit: place, direction, length, curvature, and the site then.

Everything is in TEME of date, in which catalogues give inclinations and nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.orbits.twobody import EARTH_RATE
from fink_tracklets.satellites.propagation import LIGHT_KM_S, instants
from fink_tracklets.sky.sphere import ARCSEC, along_across, great_circle, unit_vectors
from fink_tracklets.survey import Survey

Array = NDArray[np.float64]

LEAST_ARCSEC = 10.0
"""A tracklet shorter than this has no direction."""
NOISE_ARCSEC, NOISE_FREEDOM = 0.2, 4.0
"""Error of a point before its residuals are seen, and how many points that weighs."""


@dataclass(frozen=True)
class Sight:
    """One tracklet; vectors (3,) in TEME of date. Which way the object moves is not known."""

    tracklet: str
    jd: float
    """Middle of the exposure, UTC."""
    exposure_s: float
    toward: Array
    """To the middle of the tracklet, light's aberration by the Earth's motion taken back."""
    ahead: Array
    """Along the tracklet, from its western end."""
    left: Array
    """`toward x ahead`."""
    length: float
    """From the first to the last point [rad]."""
    points: Array
    """(n,) places along it from the first point [rad], ascending."""
    noise: float
    """Error of a point, one axis [rad]."""
    direction_error: float
    """Of `ahead` [rad]."""
    curvature: float
    """Of the fitted curve [1/rad], positive to the left."""
    curvature_error: float
    room: tuple[float, float]
    """How far the field goes on before the first and after the last point [rad]."""
    observer_km: Array
    observer_km_s: Array
    """Velocity of the site."""
    observer_pull: Array
    """Its acceleration [km/s^2]."""
    sun: Array
    """Unit vector to the Sun."""


def sight_of(tracklet: pd.Series, alerts: pd.DataFrame, centre: Array, survey: Survey) -> Sight:
    """What a row of the table `tracklets` and its alerts say.

    Parameters
    ----------
    tracklet : tracklet, jd, ra_start, dec_start, ra_end, dec_end, length_arcsec, curvature,
        rms_arcsec
    alerts : of the tracklet: ra, dec, along_arcsec, offset_arcsec
    centre : (3,) unit vector to the field's centre, ICRS
    survey : site, exposure time, field

    Raises
    ------
    ValueError : the tracklet is too short to have a direction
    """
    if not tracklet["length_arcsec"] > LEAST_ARCSEC:
        raise ValueError(f"all points lie within {LEAST_ARCSEC:g} arcsec: no direction")
    half = survey.exposure_time_s / 2
    at = instants(np.array([tracklet["jd"]]), half, survey.site)
    teme = at.to_gcrs[0].T

    # The great circle of the fitted curve, and its direction in the middle.
    start = unit_vectors(tracklet["ra_start"], tracklet["dec_start"])
    end = unit_vectors(tracklet["ra_end"], tracklet["dec_end"])
    points = unit_vectors(alerts["ra"], alerts["dec"])
    middle = start + end
    normal = great_circle(start, end)
    middle /= np.linalg.norm(middle)
    along, across = along_across(points, middle, normal)
    order = np.argsort(along, kind="stable")
    along, across = along[order], across[order]
    distinct = np.append(True, np.diff(along) > 0.3 * ARCSEC)
    n, scale = int(distinct.sum()), float(np.abs(along).max())
    design = np.vander(along / scale, 3)
    inverse = np.linalg.inv(design.T @ design)
    constant, slope = (inverse @ design.T @ across)[[2, 1]]
    noise = ARCSEC * np.sqrt(
        (NOISE_ARCSEC**2 * NOISE_FREEDOM + n * tracklet["rms_arcsec"] ** 2)
        / (NOISE_FREEDOM + max(n - 3, 0))
    )
    toward = middle + constant * normal
    ahead = np.cross(normal, middle) + slope / scale * normal
    left = np.cross(toward, ahead)
    toward += at.earth_km_s[0] / LIGHT_KM_S
    toward /= np.linalg.norm(toward)
    left -= toward * (left @ toward)
    left /= np.linalg.norm(left)
    turn = np.array([0.0, 0.0, EARTH_RATE])
    observer = teme @ at.observer_km[0]
    velocity = np.cross(turn, observer)
    return Sight(
        tracklet=str(tracklet["tracklet"]),
        jd=float(tracklet["jd"]) + half / 86400,
        exposure_s=survey.exposure_time_s,
        toward=teme @ toward,
        ahead=teme @ np.cross(left, toward),
        left=teme @ left,
        length=float(np.ptp(along)),
        points=along[distinct] - along[0],
        noise=float(noise),
        direction_error=float(noise * np.sqrt(inverse[1, 1]) / scale),
        curvature=float(tracklet["curvature"]),
        curvature_error=float(2 * noise * np.sqrt(inverse[0, 0]) / scale**2),
        room=_room(middle, np.cross(normal, middle), centre, np.ptp(along), survey),
        observer_km=observer,
        observer_km_s=velocity,
        observer_pull=np.cross(turn, velocity),
        sun=teme @ at.sun[0],
    )


def _room(
    middle: Array, ahead: Array, centre: Array, length: float, survey: Survey
) -> tuple[float, float]:
    """How far a square field of the survey's area goes on beyond a tracklet's ends [rad]."""
    half = np.radians(np.sqrt(survey.field_area_deg2)) / 2
    east = np.array([-centre[1], centre[0], 0.0]) / np.hypot(centre[0], centre[1])
    axes = np.stack([east, np.cross(centre, east)])
    place, course = axes @ middle, axes @ ahead
    with np.errstate(divide="ignore"):
        edges = np.stack([(-half - place) / course, (half - place) / course])
    back, on = -edges.min(axis=0).max(), edges.max(axis=0).min()
    return max(0.0, float(back - length / 2)), max(0.0, float(on - length / 2))

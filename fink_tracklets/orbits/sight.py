"""What a tracklet says of its orbit: place, direction, length, curvature, and the site then.

Everything is in TEME of date, in which catalogues give inclinations and nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.orbits.line import Line, line_of
from fink_tracklets.orbits.twobody import EARTH_RATE
from fink_tracklets.satellites.propagation import LIGHT_KM_S, instants
from fink_tracklets.survey import Survey

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sight:
    """One tracklet; vectors (3,) in TEME of date."""

    tracklet: str
    jd: float
    """Middle of the exposure, UTC."""
    exposure_s: float
    line: Line
    """Among the stars."""
    toward: Array
    """To the middle of the tracklet, the aberration by the Earth's motion taken back."""
    ahead: Array
    """Along the tracklet, from its western end."""
    left: Array
    """`toward x ahead`."""
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
    tracklet, alerts : see `line_of`; the tracklet's name and jd, too
    centre : (3,) unit vector to the field's centre, ICRS
    survey : site, exposure time, field

    Raises
    ------
    ValueError : the tracklet is too short to have a direction
    """
    line, half = line_of(tracklet, alerts), survey.exposure_time_s / 2
    at = instants(np.array([tracklet["jd"]]), half, survey.site)
    teme = at.to_gcrs[0].T
    toward = line.toward + at.earth_km_s[0] / LIGHT_KM_S
    toward /= np.linalg.norm(toward)
    left = line.left - toward * (line.left @ toward)
    left /= np.linalg.norm(left)
    turn = np.array([0.0, 0.0, EARTH_RATE])
    observer = teme @ at.observer_km[0]
    velocity = np.cross(turn, observer)
    return Sight(
        tracklet=str(tracklet["tracklet"]),
        jd=float(tracklet["jd"]) + half / 86400,
        exposure_s=survey.exposure_time_s,
        line=line,
        toward=teme @ toward,
        ahead=teme @ np.cross(left, toward),
        left=teme @ left,
        room=_room(line, centre, survey),
        observer_km=observer,
        observer_km_s=velocity,
        observer_pull=np.cross(turn, velocity),
        sun=teme @ at.sun[0],
    )


def _room(line: Line, centre: Array, survey: Survey) -> tuple[float, float]:
    """How far a field of the survey's area and shape goes on beyond a tracklet's ends [rad]."""
    east = np.array([-centre[1], centre[0], 0.0]) / np.hypot(centre[0], centre[1])
    axes = np.stack([east, np.cross(centre, east)])
    place, course = axes @ line.toward, axes @ line.ahead
    area = np.radians(np.sqrt(survey.field_area_deg2)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        if survey.field_shape == "disc":
            nearest = -(place @ course) / (course @ course)
            aside = place + nearest * course
            half = np.sqrt(np.maximum(area / np.pi - aside @ aside, 0) / (course @ course))
            back, on = half - nearest, half + nearest
        else:
            edges = np.array([[-0.5], [0.5]]) * np.sqrt(area)
            edges = (edges - place) / course
            back, on = -edges.min(axis=0).max(), edges.max(axis=0).min()
    return max(0.0, float(back - line.length / 2)), max(0.0, float(on - line.length / 2))

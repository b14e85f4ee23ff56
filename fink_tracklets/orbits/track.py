"""A tracklet as links need it: its place among the stars, and draws of its orbits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.orbits.classes import GEO
from fink_tracklets.orbits.fit import Track
from fink_tracklets.orbits.line import Line
from fink_tracklets.orbits.population import Population
from fink_tracklets.orbits.posterior import Posterior
from fink_tracklets.satellites.mean_elements import classical, smooth
from fink_tracklets.satellites.propagation import instants
from fink_tracklets.sky.sphere import ARCSEC
from fink_tracklets.survey import Survey

Array = NDArray[np.float64]

DRAWS = 400
PACKED = np.dtype("<f4")
"""Draws in the table `orbits`: for each the six numbers of `mean_elements`, and a, e and whether it
is geosynchronous of the orbit of the population it was drawn about."""


@dataclass(frozen=True)
class Drawn:
    """A tracklet with D orbits that it allows, of equal weight."""

    track: Track
    night: str
    own: int
    """Catalogue number of the object that explains it, 0 without."""
    six: Array
    """(D, 6) mean elements at the middle of its exposure, see `mean_elements`."""
    a_km: Array
    """(D,) of the orbits of the population that they were drawn about."""
    e: Array
    """(D,) likewise."""
    is_geo: NDArray[np.bool_]
    turn: float | None
    """Way of the object in a turn [rad], where its flashes have a beat."""


def packed(found: Posterior, population: Population) -> bytes:
    """Draws of a posterior as they are stored."""
    part = found.take(found.drawn(DRAWS))
    component = population.take(part.component)
    angles = np.radians(
        [part.inclination_deg, part.node_deg, part.perigee_deg, part.mean_anomaly_deg]
    )
    six = smooth(part.a_km, part.eccentricity, *angles)
    is_geo = component.classes == GEO
    return (
        np.column_stack([six, component.a_km, component.eccentricity, is_geo])
        .astype(PACKED)
        .tobytes()
    )


def drawn_orbits(draws: bytes) -> tuple[Array, Array]:
    """Semi-major axes [km] and inclinations [deg] of stored draws."""
    a, _, inclination, *_ = classical(_unpacked(draws)[:, :6])
    return a, np.degrees(inclination)


def drawn_about(draws: bytes) -> Array:
    """(D, 3) the orbits of the population that stored draws are about: a [km], e, and 1 if it is
    geosynchronous."""
    return _unpacked(draws)[:, 6:]


def _unpacked(draws: bytes) -> Array:
    return np.frombuffer(draws, PACKED).reshape(-1, 9).astype(float)


def drawn(
    tracklet: pd.Series, line: Line, orbit: pd.Series, survey: Survey, night: str, own: int
) -> Drawn:
    """A tracklet of the tables with the draws of its row in the table `orbits`.

    Parameters
    ----------
    tracklet : its row of the table `tracklets`
    line : see `line_of`
    orbit : turn_arcsec and draws, as `packed` makes them
    own : catalogue number of the object that explains it, 0 without
    """
    numbers = _unpacked(orbit["draws"])
    turn = float(orbit["turn_arcsec"])
    return Drawn(
        track=track_of(tracklet, line, survey),
        night=night,
        own=own,
        six=numbers[:, :6],
        a_km=numbers[:, 6],
        e=numbers[:, 7],
        is_geo=numbers[:, 8] > 0,
        turn=turn * ARCSEC if np.isfinite(turn) else None,
    )


def track_of(tracklet: pd.Series, line: Line, survey: Survey) -> Track:
    """A tracklet's row and line as a fit needs them."""
    half, jd = survey.exposure_time_s / 2, float(tracklet["jd"])
    return Track(
        tracklet=str(tracklet["tracklet"]),
        jd=jd + half / 86400,
        exposure_s=survey.exposure_time_s,
        ends=line.ends,
        across_error=line.across_error,
        direction_error=line.direction_error,
        at=instants(np.full(3, jd), np.array([0.0, half, 2 * half]), survey.site),
    )

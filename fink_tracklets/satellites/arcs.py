"""The arcs that objects draw among the stars during one exposure."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from sgp4.api import SatrecArray

from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.propagation import Instants, instants, propagate, star_relative
from fink_tracklets.sky.sphere import along_across, great_circle, separation
from fink_tracklets.survey import Site

NODE_S = 30.0
"""Seconds between the instants that are propagated; cubic interpolation between them errs by
decimetres in the lowest orbits, 0.1" from below."""


@dataclass(frozen=True)
class Orbits:
    """P objects around one exposure: states on a grid of times, and who watches when."""

    rows: np.ndarray
    """(P,) their rows in the element sets."""
    first_s: float
    """Seconds after the exposure's start of the first node."""
    position_km: np.ndarray
    """(P, M, 3) GCRS, at nodes `NODE_S` apart."""
    velocity_km_s: np.ndarray
    """(P, M, 3) GCRS, at the same nodes."""
    observer: Instants
    """The three instants at the start, the middle and the end of the exposure."""
    exposure_s: float
    """Length of the exposure [s]."""

    def states(self, which: np.ndarray, late_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions and velocities (Q, 3, 3) of objects at start, middle and end, each shifted
        along its own orbit by `late_s` (Q,), positive ahead."""
        # Which two nodes an instant lies between, and where: u from 0 to 1.
        at = np.array([0.0, 0.5, 1.0]) * self.exposure_s + np.asarray(late_s)[:, None]
        where = (at - self.first_s) / NODE_S
        k = np.clip(np.floor(where).astype(int), 0, self.position_km.shape[1] - 2)
        u = (where - k)[..., None]

        # The cubic that has the nodes' positions and velocities (Hermite).
        row = which[:, None]
        p0, p1 = self.position_km[row, k], self.position_km[row, k + 1]
        m0, m1 = self.velocity_km_s[row, k] * NODE_S, self.velocity_km_s[row, k + 1] * NODE_S
        a, b = 2 * (p0 - p1) + m0 + m1, 3 * (p1 - p0) - 2 * m0 - m1
        return p0 + u * (m0 + u * (b + u * a)), (m0 + u * (2 * b + 3 * u * a)) / NODE_S

    def arcs(self, which: np.ndarray, late_s: np.ndarray) -> Arcs:
        """The arcs of objects (Q,), each shifted along its orbit by `late_s` (Q,)."""
        r, v = self.states(which, late_s)
        at = self.observer
        u, distance = star_relative(r, v, at.observer_km, at.earth_km_s)
        normal = great_circle(u[:, 0], u[:, 2])
        ahead = np.cross(normal, u[:, 1])
        along = np.einsum("qi,qi->q", v[:, 1], ahead) / distance[:, 1]
        return Arcs(
            points=u,
            normal=normal,
            length=separation(u[:, 0], u[:, 2]),
            range_km=distance[:, 1],
            position_km=r[:, 1],
            orbital_rate=along,
        )


@dataclass(frozen=True)
class Arcs:
    """Q arcs."""

    points: np.ndarray
    """(Q, 3, 3) start, middle and end, unit vectors, ICRS."""
    normal: np.ndarray
    """(Q, 3) of the great circle from start to end."""
    length: np.ndarray
    """(Q,) from start to end [rad]."""
    range_km: np.ndarray
    """(Q,) distance from the site at the middle."""
    position_km: np.ndarray
    """(Q, 3) position at the middle, GCRS."""
    orbital_rate: np.ndarray
    """(Q,) how fast the arc slides along itself when the object is shifted along its orbit
    [rad/s]."""

    def take(self, rows: np.ndarray) -> Arcs:
        """Some of the arcs."""
        return Arcs(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def measure(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, 3) or (Q, n, 3) relative to each arc: distance along it from its start and to
        the left of the curve itself [rad], (Q, n)."""
        # The arc bends away from the great circle through its ends: a parabola that is zero at both
        # of them, and that passes the arc's middle.
        #
        #           * middle, q beside the circle at s
        #        .     .
        #     start ---- end         bend * along * (length - along)
        along, across = along_across(points, self.points[:, None, 0], self.normal[:, None])
        s, q = along_across(self.points[:, 1], self.points[:, 0], self.normal)
        bend = q / (s * (self.length - s))
        return along, across - bend[:, None] * along * (self.length[:, None] - along)


def orbits_near(
    elements: Elements,
    rows: np.ndarray,
    jd: float,
    seconds: float,
    exposure_s: float,
    margin_s: float,
    site: Site,
) -> Orbits:
    """The objects `rows` around an exposure that starts at `jd` (UTC) plus `seconds`."""
    # Nodes from the margin before the exposure to the margin after it.
    first = -np.ceil((margin_s + 1) / NODE_S) * NODE_S
    n = int(np.ceil((exposure_s + margin_s + 1 - first) / NODE_S)) + 1
    nodes = instants(np.full(n, jd), seconds + first + NODE_S * np.arange(n), site)
    observer = instants(np.full(3, jd), seconds + exposure_s * np.array([0, 0.5, 1]), site)
    states = propagate(SatrecArray(list(elements.satrecs[rows])), nodes)
    good = ~states.failed
    return Orbits(
        rows=rows[good],
        first_s=first,
        position_km=states.position_km[good],
        velocity_km_s=states.velocity_km_s[good],
        observer=observer,
        exposure_s=exposure_s,
    )

"""The orbits that one tracklet allows, weighted by what flies.

A node gives a place on an ellipse: distance from the Earth's centre, radial and horizontal speed.
The line of sight then gives the place, and the direction of the tracklet the azimuth chi of the
motion, through

    A cos chi + B sin chi = C,   A = v_t n.q,  B = v_t e.q,  C = V.q - v_r s.q

(s: unit vector from the Earth's centre to the object, n and e: north and east there, q: across the
tracklet, V: velocity of the site). So each node, twice, is an orbit exactly through the observed
place in the observed direction; its weight is the population's density there, and what length,
curvature and beat say.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.orbits.beat import Beat
from fink_tracklets.orbits.classes import ECC, MOLNIYA, class_of
from fink_tracklets.orbits.population import Nodes
from fink_tracklets.orbits.sight import Sight
from fink_tracklets.orbits.twobody import MU
from fink_tracklets.orbits.weights import (
    POLE_GEO_DEG,
    perigee_density,
    pole_density,
    student,
    tempered,
    window,
)
from fink_tracklets.satellites.propagation import sunlit

Array = NDArray[np.float64]

FREE_POLE, FREE_POLE_ECC = 0.03, 0.06
"""Share of the poles that lie anywhere, so that nothing is impossible."""
NOTHING = 1e-8
"""Of the largest weight: what is below it is left out."""
THINNED = 16
"""One of so many nodes stands for all with a pole anywhere."""
CAUSTIC = 0.03
"""Where the two azimuths of a node fall together its density is rounded by this part."""
REACH = 4.5
"""Kernels end so many widths out."""
CURVATURE_FLOOR = (0.002, 0.02)
ACCELERATION_FLOOR = (0.01, 0.05)
"""Errors that the laws for curvature and acceleration have besides: absolute, and a part."""


@dataclass(frozen=True)
class Posterior:
    """S orbits through a tracklet, with weights."""

    a_km: Array
    eccentricity: Array
    inclination_deg: Array
    node_deg: Array
    perigee_deg: Array
    mean_anomaly_deg: Array
    range_km: Array
    rate_arcsec_s: Array
    """(S,) speed among the stars."""
    forward: NDArray[np.bool_]
    """(S,) whether the object moves from the tracklet's first point to its last."""
    pole: Array
    """(S, 3) unit vectors, TEME of date."""
    component: NDArray[np.int64]
    """(S,) rows of the population."""
    kind: NDArray[np.int64]
    """(S,) places in `classes.CLASSES`."""
    weight: Array
    """(S,) sum 1."""
    classes: Array
    """(5,) probabilities of the classes: the weights' sums."""

    def __len__(self) -> int:
        return len(self.a_km)

    def quantiles(self, values: Array, probabilities: Array) -> Array:
        """Weighted quantiles of some of its values (S,)."""
        order = np.argsort(values, kind="stable")
        cumulative = np.cumsum(self.weight[order]) - self.weight[order] / 2
        return np.asarray(np.interp(probabilities, cumulative, values[order]))

    def circular_quantiles(self, degrees: Array, probabilities: Array) -> Array:
        """Weighted quantiles of angles about their mean direction; they may pass 0 or 360."""
        radians = np.radians(degrees)
        # Sums and einsum, not BLAS, whose digits depend on the number of its threads.
        mean = np.degrees(np.angle(np.sum(self.weight * np.exp(1j * radians))))
        turned = (degrees - mean + 180) % 360 - 180
        return self.quantiles(turned + mean % 360, probabilities)

    def drawn(self, n: int) -> NDArray[np.int64]:
        """(n,) rows, as many of each as its weight says (systematic)."""
        cumulative = np.cumsum(self.weight)
        levels = (np.arange(n) + 0.5) / n * cumulative[-1]
        return np.searchsorted(cumulative, levels)

    def take(self, rows: NDArray[np.generic]) -> Posterior:
        """Some of the orbits, of equal weight."""
        one_each = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name not in ("weight", "classes")
        }
        even = np.full(len(rows), 1 / max(len(rows), 1))
        return Posterior(**one_each, weight=even, classes=self.classes)


def posterior(sight: Sight, nodes: Nodes, beat: Beat | None = None) -> Posterior | None:
    """The orbits that a tracklet allows.

    Parameters
    ----------
    sight : the tracklet
    nodes : of the population
    beat : of its flashes, where they have one

    Returns
    -------
    None where not one orbit of the population passes there.
    """
    rows, chi, frame, free = _passing(sight, nodes)
    if not len(rows):
        return None
    s, n, e = frame
    r, radial, horizontal = (
        values[rows] for values in (nodes.distance_km, nodes.radial_km_s, nodes.horizontal_km_s)
    )
    population = nodes.population.take(nodes.component[rows])
    outward = s
    course = n * np.cos(chi)[:, None] + e * np.sin(chi)[:, None]
    pole = np.cross(outward, course)
    position = outward * r[:, None]
    velocity = outward * radial[:, None] + course * horizontal[:, None]
    relative = velocity - sight.observer_km_s
    distance = np.einsum("ij,j->i", position - sight.observer_km, sight.toward)
    ahead, left = _turned(sight, nodes.turned[rows])
    along = np.einsum("ij,ij->i", relative, ahead)
    rate = np.abs(along) / distance

    # From the density in pole and perigee to that in place and direction.
    slope = horizontal * np.abs(
        np.einsum("ij,ij->i", n, left) * np.sin(chi) - np.einsum("ij,ij->i", e, left) * np.cos(chi)
    )
    steepest = horizontal * np.hypot(np.einsum("ij,ij->i", n, left), np.einsum("ij,ij->i", e, left))
    jacobian = distance**2 / (r**2 * np.abs(np.einsum("ij,j->i", outward, sight.toward)))
    jacobian *= np.abs(along) / np.hypot(slope, CAUSTIC * steepest)

    # What flies, and whether it is in sunlight.
    inclination = np.degrees(np.arccos(np.clip(pole[:, 2], -1, 1)))
    node = np.degrees(np.arctan2(pole[:, 0], -pole[:, 1])) % 360
    perigee = _perigee(outward, pole, node, nodes.true_anomaly[rows])
    kinds = class_of(population.a_km, population.eccentricity, population.inclination_deg)
    share = np.where(np.isin(kinds, (ECC, MOLNIYA)), FREE_POLE_ECC, FREE_POLE)
    bound = (1 - share) * pole_density(pole, inclination, population, kinds)
    density = np.where(free, share / (4 * np.pi) * THINNED, bound)
    density = density * perigee_density(perigee, population, kinds)
    weight = nodes.weight[rows] * density * jacobian * sunlit(position, sight.sun)

    # What weighs nothing need not be looked at further.
    part = np.flatnonzero(weight > NOTHING * weight.max(initial=0))
    rows, r, weight, pole = rows[part], r[part], weight[part], pole[part]
    position, relative, distance = position[part], relative[part], distance[part]
    ahead, left, along, rate = ahead[part], left[part], along[part], rate[part]
    inclination, node, perigee = inclination[part], node[part], perigee[part]

    # What was seen of its way.
    pull = -MU * position / r[:, None] ** 3 - sight.observer_pull
    curvature = np.einsum("ij,ij->i", pull, left) / (distance * rate**2)
    weight = weight * window(sight, rate * sight.exposure_s, beat, np.sign(along))
    weight *= student(
        curvature - sight.line.curvature,
        np.hypot(
            sight.line.curvature_error, CURVATURE_FLOOR[0] + CURVATURE_FLOOR[1] * abs(curvature)
        ),
    )
    if beat is not None:
        away = np.einsum("ij,j->i", relative, sight.toward)
        tangential = np.einsum("ij,ij->i", pull, ahead) / distance
        tangential -= 2 * away * along / distance**2
        acceleration = tangential / rate**2
        error = ACCELERATION_FLOOR[0] + ACCELERATION_FLOOR[1] * abs(acceleration)
        known = student(acceleration - beat.acceleration, np.hypot(beat.acceleration_error, error))
        weight *= known

    kept = weight > 1e-7 * weight.max(initial=0)
    if not kept.any():
        return None
    weight = weight / weight.sum()
    kind = class_of(nodes.a_km[rows], nodes.eccentricity[rows], inclination)
    classes, weight = tempered(kind, weight, nodes.population)
    E = np.arctan2(
        np.sqrt(1 - nodes.eccentricity**2)[rows] * np.sin(nodes.true_anomaly[rows]),
        nodes.eccentricity[rows] + np.cos(nodes.true_anomaly[rows]),
    )
    mean = E - nodes.eccentricity[rows] * np.sin(E)
    return Posterior(
        a_km=nodes.a_km[rows][kept],
        eccentricity=nodes.eccentricity[rows][kept],
        inclination_deg=inclination[kept],
        node_deg=node[kept],
        perigee_deg=perigee[kept],
        mean_anomaly_deg=np.degrees(mean)[kept] % 360,
        range_km=distance[kept],
        rate_arcsec_s=np.degrees(rate)[kept] * 3600,
        forward=along[kept] > 0,
        pole=pole[kept],
        component=nodes.component[rows][kept],
        kind=kind[kept],
        weight=weight[kept] / weight[kept].sum(),
        classes=classes,
    )


def _turned(sight: Sight, z: Array) -> tuple[Array, Array]:
    """Along and across the tracklet (N, 3), off by some errors of its direction."""
    turn = sight.line.direction_error * z[:, None]
    return sight.ahead + turn * sight.left, sight.left - turn * sight.ahead


def _passing(
    sight: Sight, nodes: Nodes
) -> tuple[NDArray[np.int64], Array, tuple[Array, Array, Array], NDArray[np.bool_]]:
    """The nodes whose orbit may pass the tracklet near a pole of the population.

    Returns
    -------
    Rows of the nodes; the azimuth of their motion [rad], from north through east; unit vectors
    (S, 3) outward, north and east at their places; and whether a row stands for a pole anywhere.
    """
    # Where the line of sight meets the node's sphere, on the far side of the site.
    r, observer = nodes.distance_km, sight.observer_km
    up = observer @ sight.toward
    square = up**2 + r**2 - observer @ observer
    distance = np.sqrt(np.maximum(square, 0)) - up
    x, y, z = ((observer[k] + distance * sight.toward[k]) / r for k in range(3))
    flat = np.maximum(np.sqrt(x * x + y * y), 1e-9)

    # Across the tracklet, off by some errors of its direction, are q and, of that along outward,
    # north and east, s.q, n.q, e.q; the line of sight has no part across.
    turn = sight.line.direction_error * nodes.turned
    q_x, q_y, q_z = (sight.left[k] - turn * sight.ahead[k] for k in range(3))
    s_left = (observer @ sight.left - turn * (observer @ sight.ahead)) / r
    level = x * q_x + y * q_y
    e_left, n_left = (x * q_y - y * q_x) / flat, flat * q_z - z * level / flat
    carried = sight.observer_km_s @ sight.left - turn * (sight.observer_km_s @ sight.ahead)

    # The two azimuths chi, and with cos i = sin(chi) cos(latitude) those near the population.
    needed = (carried - nodes.radial_km_s * s_left) / nodes.horizontal_km_s
    with np.errstate(invalid="ignore"):
        spread = np.arccos(needed / np.hypot(n_left, e_left))
    centre = np.arctan2(e_left, n_left)
    there = (square > 0) & (distance > 0) & np.isfinite(spread)
    centre, spread, rows = centre[there], spread[there], np.flatnonzero(there)
    chi = np.concatenate([centre - spread, centre + spread])
    rows = np.concatenate([rows, rows])
    cosine = np.clip(np.sin(chi) * flat[rows], -1, 1)
    catalogued = np.radians(nodes.population.inclination_deg)[nodes.component[rows]]
    reach = np.radians(REACH * POLE_GEO_DEG)
    near = np.abs(np.arccos(cosine) - catalogued) < reach
    free = rows % THINNED == 0
    part = np.concatenate([np.flatnonzero(near), np.flatnonzero(free)])
    is_free = np.arange(len(part)) >= near.sum()
    rows, chi = rows[part], chi[part]
    x, y, z, flat = x[rows], y[rows], z[rows], flat[rows]
    s = np.stack([x, y, z], axis=1)
    e = np.stack([-y / flat, x / flat, np.zeros(len(rows))], axis=1)
    n = np.stack([-z * x / flat, -z * y / flat, flat], axis=1)
    return rows, chi, (s, n, e), is_free


def _perigee(outward: Array, pole: Array, node_deg: Array, true_anomaly: Array) -> Array:
    """Arguments of perigee [deg]."""
    node = np.radians(node_deg)
    to_node = np.stack([np.cos(node), np.sin(node), np.zeros(len(node))], axis=1)
    across = np.cross(pole, to_node)
    latitude = np.arctan2(
        np.einsum("ij,ij->i", outward, across), np.einsum("ij,ij->i", outward, to_node)
    )
    return np.degrees(latitude - true_anomaly) % 360

"""The published ways to an orbit, and why they fail on tracklets (P1 2.2 and appendix A).

P1 starts with Laplace's orbit through the first, middle and last point and goes on with least
squares in Cartesian states, the times spread evenly over the exposure. Zeinalov's circular orbit
needs no times. docs/orbits.md shows with numbers where they work and where they do not. Frames:
any inertial one, the site's in the same (here GCRS).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.orbits.levenberg import minimise
from fink_tracklets.orbits.sight import Sight
from fink_tracklets.orbits.twobody import MU
from fink_tracklets.sky.sphere import ARCSEC

Array = NDArray[np.float64]

SURFACE_KM, FARTHEST_KM = 6378.0, 500_000.0
RADII_KM = np.geomspace(6600.0, 60_000.0, 4000)
RUNGE_KUTTA_STEPS = 4


@dataclass(frozen=True)
class Watched:
    """n directions from a site and when they were seen."""

    seconds: Array
    """(n,) after some instant."""
    directions: Array
    """(n, 3) unit vectors."""
    observer_km: Array
    """(n, 3) the site then."""


def even_times(n: int, exposure_s: float) -> Array:
    """(n,) times of points when they are not known: spread evenly over the exposure (P1 A1)."""
    return np.linspace(0.0, exposure_s, n)


def laplace(watched: Watched) -> Array:
    """Laplace's orbits through the first, middle and last of some directions.

    Returns
    -------
    (k, 6) states [km, km/s] at the middle one, one for each root of Laplace's polynomial that puts
    the object before the observer and above the ground, the nearest first; k may be 0.
    """
    three = [0, len(watched.seconds) // 2, -1]
    t = watched.seconds[three] - watched.seconds[three[1]]
    u, observer = watched.directions[three], watched.observer_km[three]
    middle, first, second = u[1], *_derivatives(t, u)
    place, speed, pull = observer[1], *_derivatives(t, observer)

    # rho = -2 D1/D - 2 mu/r^3 D2/D, and the triangle r^2 = rho^2 + 2 rho u.R + R^2: together a
    # polynomial of the eighth degree in r.
    d = 2 * _det(middle, first, second)
    if d == 0:
        return np.empty((0, 6))
    p = -2 * _det(middle, first, pull) / d
    q = -2 * MU * _det(middle, first, place) / d
    up, far2 = middle @ place, place @ place
    scale = SURFACE_KM
    coefficients = np.zeros(9)
    coefficients[0] = 1
    coefficients[2] = -(p**2 + 2 * p * up + far2) / scale**2
    coefficients[5] = -2 * q * (p + up) / scale**5
    coefficients[8] = -(q**2) / scale**8
    roots = np.roots(coefficients)
    r = np.sort(roots.real[(np.abs(roots.imag) < 1e-8) & (roots.real > 1)]) * scale
    states = []
    for one in r[r < FARTHEST_KM]:
        rho = p + q / one**3
        if rho > 0:
            away = -(_det(middle, pull, second) + MU / one**3 * _det(middle, place, second)) * 2 / d
            position, velocity = place + rho * middle, speed + away * middle + rho * first
            states.append(np.concatenate([position, velocity]))
    return np.array(states).reshape(-1, 6)


def _det(a: Array, b: Array, c: Array) -> float:
    return float(np.linalg.det(np.stack([a, b, c])))


def _derivatives(t: Array, values: Array) -> tuple[Array, Array]:
    """First and second derivative at t = 0 of the parabola through three values (3, k)."""
    coefficients = np.linalg.solve(np.vander(t, 3), values)
    return coefficients[1], 2 * coefficients[0]


def fly(states: Array, seconds: Array) -> Array:
    """(Q, n, 3) places of states (Q, 6) after some seconds (n,): two bodies, by Runge and Kutta."""
    r = np.repeat(states[:, None, :3], len(seconds), axis=1)
    v = np.repeat(states[:, None, 3:], len(seconds), axis=1)
    h = (seconds / RUNGE_KUTTA_STEPS)[:, None]

    def pull(at: Array) -> Array:
        return np.asarray(-MU * at / np.linalg.norm(at, axis=-1, keepdims=True) ** 3)

    for _ in range(RUNGE_KUTTA_STEPS):
        a1 = pull(r)
        a2 = pull(r + h / 2 * v)
        a3 = pull(r + h / 2 * v + h**2 / 4 * a1)
        a4 = pull(r + h * v + h**2 / 2 * a2)
        r, v = r + h * v + h**2 / 6 * (a1 + a2 + a3), v + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
    return r


def batch_least_squares(start: Array, watched: Watched, noise: float) -> tuple[Array, Array]:
    """States at the middle direction's time that fit all directions best (P1 A1's second step).

    Parameters
    ----------
    start : (6,) state [km, km/s]
    watched : the directions; (Q, n, 3) for Q sets of them at the same times
    noise : of one direction, one axis [rad]

    Returns
    -------
    (Q, 6) states and (Q,) sums of squared residuals.
    """
    directions = watched.directions if watched.directions.ndim == 3 else watched.directions[None]
    seconds = watched.seconds - watched.seconds[len(watched.seconds) // 2]

    def residuals(states: Array, rows: NDArray[np.int64]) -> Array:
        x = fly(states, seconds) - watched.observer_km
        x /= np.linalg.norm(x, axis=-1, keepdims=True)
        return np.asarray((x - directions[rows]).reshape(len(states), -1) / noise)

    def possible(states: Array) -> NDArray[np.bool_]:
        r = np.linalg.norm(states[:, :3], axis=1)
        speed = np.linalg.norm(states[:, 3:], axis=1)
        return (r > SURFACE_KM) & (r < FARTHEST_KM) & (speed < 30)

    starts = np.repeat(start[None], len(directions), axis=0)
    step = np.array([1e-2] * 3 + [1e-5] * 3)
    return minimise(starts, residuals, step, np.array([10.0] * 3 + [1e-2] * 3), possible)


def paper_orbit(watched: Watched, noise: float = 0.15 * ARCSEC) -> Array | None:
    """The state of P1's appendix A1: Laplace, then least squares; None without an orbit."""
    found: tuple[float, Array] | None = None
    for start in laplace(watched):
        states, score = batch_least_squares(start, watched, noise)
        if np.isfinite(score[0]) and (found is None or score[0] < found[0]):
            found = float(score[0]), states[0]
    return None if found is None else found[1]


def circular_orbits(sight: Sight, radii_km: Array = RADII_KM) -> tuple[Array, Array, Array]:
    """Circular orbits through a tracklet's place in its direction (Zeinalov), times unknown.

    Returns
    -------
    Radius [km], rate [rad/s] and curvature [1/rad] of the orbits, two for each radius that the
    line of sight meets at a speed that can have the direction.
    """
    up = sight.observer_km @ sight.toward
    square = up**2 + radii_km**2 - sight.observer_km @ sight.observer_km
    r = radii_km[square > up**2]
    distance = np.sqrt(up**2 + r**2 - sight.observer_km @ sight.observer_km) - up
    outward = (sight.observer_km + distance[:, None] * sight.toward) / r[:, None]
    east = np.cross([0.0, 0.0, 1.0], outward)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    north = np.cross(outward, east)
    speed = np.sqrt(MU / r)
    a, b = north @ sight.left, east @ sight.left
    with np.errstate(invalid="ignore"):
        spread = np.arccos((sight.observer_km_s @ sight.left) / (speed * np.hypot(a, b)))
    chi = np.concatenate([np.arctan2(b, a) - spread, np.arctan2(b, a) + spread])
    twice = np.concatenate([np.arange(len(r))] * 2)[np.isfinite(chi)]
    chi = chi[np.isfinite(chi)]
    course = north[twice] * np.cos(chi)[:, None] + east[twice] * np.sin(chi)[:, None]
    relative = speed[twice, None] * course - sight.observer_km_s
    rate = np.abs(relative @ sight.ahead) / distance[twice]
    pull = -MU * outward[twice] / r[twice, None] ** 2 - sight.observer_pull
    return r[twice], rate, (pull @ sight.left) / (distance[twice] * rate**2)


def zeinalov(sight: Sight) -> float | None:
    """The radius [km] of the circular orbit whose arc bends as the tracklet does.

    Of those that are long enough in the exposure; None where none is.
    """
    r, rate, curvature = circular_orbits(sight)
    fits = rate * sight.exposure_s >= sight.line.length
    if not fits.any():
        return None
    misfit = np.where(fits, np.abs(curvature - sight.line.curvature), np.inf)
    return float(r[np.argmin(misfit)])

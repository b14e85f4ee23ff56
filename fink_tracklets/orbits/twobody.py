"""Kepler's ellipse: where on it, how fast, and back from place and velocity to elements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MU = 398600.4418
"""Gravitational parameter of the Earth [km^3/s^2]."""
EARTH_RATE = 7.292115e-5
"""Rate at which the Earth turns [rad/s]."""
KEPLER_STEPS = 12


def eccentric_anomaly(mean: Array, eccentricity: Array) -> Array:
    """E of M = E - e sin E [rad], by Newton's method from a start that converges for e < 1."""
    turned = np.remainder(mean + np.pi, 2 * np.pi) - np.pi
    e = np.asarray(eccentricity)
    anomaly = turned + 0.85 * e * np.sign(np.sin(turned))
    for _ in range(KEPLER_STEPS):
        anomaly = anomaly - (anomaly - e * np.sin(anomaly) - turned) / (1 - e * np.cos(anomaly))
    return np.asarray(anomaly)


def in_plane(a_km: Array, eccentricity: Array, mean: Array) -> tuple[Array, Array, Array, Array]:
    """Distance [km], radial and horizontal velocity [km/s] and true anomaly [rad]."""
    E = eccentric_anomaly(mean, eccentricity)
    r = a_km * (1 - eccentricity * np.cos(E))
    momentum = np.sqrt(MU * a_km * (1 - eccentricity**2))
    true = np.arctan2(np.sqrt(1 - eccentricity**2) * np.sin(E), np.cos(E) - eccentricity)
    return r, np.sqrt(MU * a_km) * eccentricity * np.sin(E) / r, momentum / r, true


def elements_of(
    position_km: Array, velocity_km_s: Array
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Osculating a [km], e, i, node, argument of perigee and mean anomaly [rad].

    Parameters
    ----------
    position_km, velocity_km_s : (..., 3) in one inertial frame whose z is the Earth's axis

    Returns
    -------
    Six arrays (...); a is negative, and the mean anomaly NaN, of a hyperbola.
    """
    r = np.linalg.norm(position_km, axis=-1)
    h = np.cross(position_km, velocity_km_s)
    momentum = np.linalg.norm(h, axis=-1)
    inclination = np.arctan2(np.hypot(h[..., 0], h[..., 1]), h[..., 2])
    node = np.arctan2(h[..., 0], -h[..., 1])
    a = 1 / (2 / r - (velocity_km_s**2).sum(axis=-1) / MU)
    radial = (position_km * velocity_km_s).sum(axis=-1) / r

    # e cos and e sin of the true anomaly; the latitude in the orbit from the ascending node.
    cosine, sine = momentum**2 / (MU * r) - 1, momentum * radial / MU
    e, true = np.hypot(cosine, sine), np.arctan2(sine, cosine)
    x = position_km[..., 0] * np.cos(node) + position_km[..., 1] * np.sin(node)
    y = (position_km[..., 1] * np.cos(node) - position_km[..., 0] * np.sin(node)) * np.cos(
        inclination
    ) + position_km[..., 2] * np.sin(inclination)
    with np.errstate(invalid="ignore"):
        E = np.arctan2(np.sqrt(1 - e**2) * np.sin(true), e + np.cos(true))
    perigee = np.arctan2(y, x) - true
    turn = 2 * np.pi
    return a, e, inclination, node % turn, perigee % turn, (E - e * np.sin(E)) % turn


def kernel_quantiles(n: int, which: int) -> Array:
    """(n,) standard normal values in an order that looks random and is always the same.

    Additive recurrences of irrational steps (Roberts' R sequences) through the normal's inverse.
    """
    from scipy.special import ndtri

    step = (0.8191725133961645, 0.6710436067037893, 0.5497004779019703, 0.4503)[which]
    return np.asarray(ndtri((0.5 + step * np.arange(1, n + 1)) % 1.0))

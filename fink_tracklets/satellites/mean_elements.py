"""Mean elements as SGP4 takes them, by six numbers without a singularity below i = 180 degrees.

    ln a [km], e cos w, e sin w, tan(i/2) cos W, tan(i/2) sin W, l [rad]

with W the node, w = W + the argument of perigee, l = w + the mean anomaly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sgp4.api import WGS72, Satrec, SatrecArray

Array = NDArray[np.float64]

MU_WGS72, RADIUS_WGS72 = 398600.8, 6378.135
J2 = 0.001082616
DAY_0 = 2433281.5
"""1949 December 31, 0 h UTC, from which `sgp4init` counts days."""
LEAST_PERIGEE_KM, MOST_E = 6450.0, 0.95
ANGLES = ("i_deg", "node_deg", "perigee_deg", "mean_anomaly_deg")
"""The angles of elements as columns of a table; a_km and e stand before them."""


def smooth(
    a_km: ArrayLike,
    e: ArrayLike,
    i: ArrayLike,
    node: ArrayLike,
    perigee: ArrayLike,
    mean: ArrayLike,
) -> Array:
    """The six numbers (..., 6) of elements; angles in radians."""
    a_km, e, i, node, perigee, mean = map(np.asarray, (a_km, e, i, node, perigee, mean))
    whole, tangent = node + perigee, np.tan(i / 2)
    return np.stack(
        [
            np.log(a_km),
            e * np.cos(whole),
            e * np.sin(whole),
            tangent * np.cos(node),
            tangent * np.sin(node),
            (whole + mean) % (2 * np.pi),
        ],
        axis=-1,
    )


def six_of(row: pd.Series | Mapping[str, Any]) -> Array:
    """The six numbers (6,) of a row."""
    numbers = np.array([row["a_km"], row["e"], *(row[name] for name in ANGLES)], dtype=float)
    return smooth(numbers[0], numbers[1], *np.radians(numbers[2:]))


def classical(six: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
    """a [km], e, i, node, argument of perigee, mean anomaly [rad] of the six numbers."""
    e, whole = np.hypot(six[..., 1], six[..., 2]), np.arctan2(six[..., 2], six[..., 1])
    i = 2 * np.arctan(np.hypot(six[..., 3], six[..., 4]))
    node = np.arctan2(six[..., 4], six[..., 3])
    turn = 2 * np.pi
    return (
        np.exp(six[..., 0]),
        e,
        i,
        node % turn,
        (whole - node) % turn,
        (six[..., 5] - whole) % turn,
    )


def flies(six: Array) -> NDArray[np.bool_]:
    """Which of the elements SGP4 can take (...)."""
    a, e = np.exp(six[..., 0]), np.hypot(six[..., 1], six[..., 2])
    return np.asarray((e < MOST_E) & (a * (1 - e) > LEAST_PERIGEE_KM) & (a < 2e5))


def satrec(six: Array, epoch_jd: float, b_star: float = 0.0) -> Satrec:
    """The elements (6,) at an epoch (UTC) as an element set, with drag B* [1/Earth radii].

    The mean motion is Kozai's, as in element files; a is Brouwer's, as SGP4 derives it.
    """
    a, e, i, node, perigee, mean = (float(value) for value in classical(six))
    brouwer = np.sqrt(MU_WGS72 / a**3) * 60
    bend = 0.75 * J2 * (3 * np.cos(i) ** 2 - 1) / (1 - e * e) ** 1.5
    # a of SGP4 is that of its Brouwer motion n0 = n / (1 + d0): so n = n0 (1 + d0).
    d0 = bend * (RADIUS_WGS72 / a) ** 2
    made = Satrec()
    made.sgp4init(
        WGS72,
        "i",
        0,
        epoch_jd - DAY_0,
        b_star,
        0.0,
        0.0,
        e,
        perigee,
        i,
        mean,
        brouwer * (1 + d0),
        node,
    )
    return made


def satrecs(six: Array, epoch_jd: float, b_star: Array | None = None) -> SatrecArray:
    """Element sets of rows (n, 6), and of (n,) B*."""
    drag = np.zeros(len(six)) if b_star is None else b_star
    return SatrecArray([satrec(row, epoch_jd, b) for row, b in zip(six, drag, strict=True)])


def covariance(normal: Array) -> Array:
    """(6, 6) of an inverse covariance; what nothing holds gets a large variance."""
    scale = 1 / np.sqrt(np.diag(normal) + 1e-6)
    inner = normal * np.outer(scale, scale) + 1e-12 * np.eye(6)
    return np.asarray(np.linalg.inv(inner) * np.outer(scale, scale))


def errors(six: Array, normal: Array) -> tuple[float, float, float]:
    """Errors of a [km], e and i [rad] of six numbers with this inverse covariance."""
    of = covariance(normal)
    slopes, values = np.empty((3, 6)), np.array(classical(six))[:3]
    for k in range(6):
        moved = six.copy()
        moved[k] += 1e-7
        slopes[:, k] = (np.array(classical(moved))[:3] - values) / 1e-7
    a, e, i = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", slopes, of, slopes), 0))
    return float(a), float(e), float(i)

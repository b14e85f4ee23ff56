"""Which pairs of tracklets one orbit may explain at all: many fits at once, without SGP4.

Ellipses with the secular drifts of J2, shifted by what SGP4 says besides at each start: as a fit
goes only a little way from its start, the shift stays. This prunes; what it leaves is fitted with
SGP4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.orbits.fit import SCALE, STEP, Pull, Track, held, misfits
from fink_tracklets.orbits.levenberg import minimise
from fink_tracklets.orbits.twobody import eccentric_anomaly
from fink_tracklets.satellites.mean_elements import (
    J2,
    MU_WGS72,
    RADIUS_WGS72,
    classical,
    flies,
)
from fink_tracklets.satellites.propagation import star_relative

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Watch:
    """Q pairs of tracklets as seen from their sites; vectors TEME of date."""

    seconds: Array
    """(Q, 2, 3) of start, middle and end of the exposures after the starts' epochs."""
    observer_km: Array
    """(Q, 2, 3, 3)"""
    earth_km_s: Array
    """(Q, 2, 3, 3) velocity of the Earth."""
    ends: Array
    """(Q, 2, 2, 3) of the tracklets."""
    exposure_s: Array
    """(Q, 2)"""
    aside: Array
    """(Q, 2) errors of the tracklets' middles."""
    turn: Array
    """(Q, 2) errors of their directions."""

    def take(self, rows: NDArray[np.generic]) -> Watch:
        """Some of them."""
        return Watch(**{name: values[rows] for name, values in vars(self).items()})


def watch_of(tracks: Sequence[Track], epoch_jd: float) -> Watch:
    """Each track by itself: Q tracks, the second axis of length 1."""
    at = [one.at for one in tracks]
    teme = np.stack([one.to_gcrs.swapaxes(1, 2) for one in at])
    day = np.floor(epoch_jd)
    jd = np.stack([one.jd - day + one.fraction for one in at])
    observer, earth = (
        np.einsum("qtij,qtj->qti", teme, np.stack(vectors))
        for vectors in ([one.observer_km for one in at], [one.earth_km_s for one in at])
    )
    ends = np.einsum("qij,qej->qei", teme[:, 1], np.stack([one.ends for one in tracks]))
    errors = np.array([one.errors for one in tracks])
    return Watch(
        seconds=(jd - (epoch_jd - day))[:, None] * 86400,
        observer_km=observer[:, None],
        earth_km_s=earth[:, None],
        ends=ends[:, None],
        exposure_s=np.array([[one.exposure_s] for one in tracks]),
        aside=errors[:, :1],
        turn=errors[:, 1:],
    )


def joined(first: Watch, second: Watch) -> Watch:
    """Pairs: the first (of one row) with each row of the second."""
    n = len(second.exposure_s)
    return Watch(
        **{
            name: np.concatenate([np.repeat(values, n, axis=0), getattr(second, name)], axis=1)
            for name, values in vars(first).items()
        }
    )


def secular(six: Array, seconds: Array) -> tuple[Array, Array]:
    """Positions [km] and velocities [km/s] (Q, ..., 3) of Q orbits (Q, 6), TEME, by J2's drifts."""
    a, e, i, node, perigee, mean = (
        one.reshape(-1, *(1,) * (seconds.ndim - 1)) for one in classical(six)
    )
    motion, cosine = np.sqrt(MU_WGS72 / a**3), np.cos(i)
    pull = 1.5 * J2 * (RADIUS_WGS72 / (a * (1 - e**2))) ** 2 * motion
    node = node - pull * cosine * seconds
    perigee = perigee + pull * (2.5 * cosine**2 - 0.5) * seconds
    faster = pull * np.sqrt(1 - e**2) * (1.5 * cosine**2 - 0.5)
    E = eccentric_anomaly(mean + (motion + faster) * seconds, e)
    root, near = np.sqrt(1 - e**2), 1 - e * np.cos(E)
    x, y = a * (np.cos(E) - e), a * root * np.sin(E)
    speed = motion * a / near
    u, v = -speed * np.sin(E), speed * root * np.cos(E)
    cn, sn, cp, sp = np.cos(node), np.sin(node), np.cos(perigee), np.sin(perigee)
    si = np.sin(i)
    p = np.stack([cp * cn - sp * sn * cosine, cp * sn + sp * cn * cosine, sp * si], axis=-1)
    q = np.stack([-sp * cn - cp * sn * cosine, -sp * sn + cp * cn * cosine, cp * si], axis=-1)
    return (
        x[..., None] * p + y[..., None] * q,
        u[..., None] * p + v[..., None] * q,
    )


def coarse_fits(
    six: Array, positions: Array, velocities: Array, watch: Watch, pull: Pull
) -> tuple[Array, Array]:
    """Fits of Q starts, each to its own pair.

    Parameters
    ----------
    six : (Q, 6) starts
    positions, velocities : (Q, 2, 3, 3) of these at the instants, by SGP4, TEME [km, km/s]
    watch, pull : Q each

    Returns
    -------
    (Q, 6) fitted numbers and (Q,) their scores.
    """
    there, speed = secular(six, watch.seconds)
    shift, faster = positions - there, velocities - speed

    def seen(values: Array, rows: NDArray[np.int64]) -> Array:
        part = watch.take(rows)
        r, v = secular(values, part.seconds)
        arcs, _ = star_relative(
            r + shift[rows], v + faster[rows], part.observer_km, part.earth_km_s
        )
        misfit = misfits(arcs, part.ends, part.exposure_s, part.aside, part.turn)
        return np.concatenate([misfit.reshape(len(rows), -1), held(values, pull.take(rows))], 1)

    return minimise(six, seen, STEP, SCALE, flies)

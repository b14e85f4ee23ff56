"""An orbit through several tracklets: SGP4's mean elements, least squares from many starts at once.

A tracklet gives three kinds of residuals: its middle across the object's arc, its direction against
the arc's, and by how many seconds it sticks out of the arc at either end: when in the exposure the
flashes were is not known. Two tracklets minutes apart say less than the population does, so each
fit is held to the orbit of the population that it starts from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.orbits.levenberg import minimise, slopes
from fink_tracklets.satellites.mean_elements import flies, satrecs
from fink_tracklets.satellites.propagation import Instants, propagate, star_relative
from fink_tracklets.sky.sphere import ARCSEC, along_across, great_circle, separation

Array = NDArray[np.float64]

ACROSS_ARCSEC, DIRECTION, STICKS_OUT_S = 1.0, 2e-4, 0.5
"""Errors that a tracklet's have besides: of its middle, of its direction [rad], of its ends."""
PULL_GEO, PULL_LN_A, PULL_E = 0.004, 0.01, (0.003, 0.05)
"""How far ln a and e may leave the orbit of the population."""
STEP, SCALE = np.full(6, 1e-6), np.full(6, 1e-3)
"""Of the six numbers: for slopes; and how far a fit goes, about."""
SOFT_S = 0.02
"""The arc's ends are rounded, or there would be no slope inside them."""


@dataclass(frozen=True)
class Track:
    """A tracklet among the stars, as a fit needs it."""

    tracklet: str
    jd: float
    """Middle of the exposure, UTC."""
    exposure_s: float
    ends: Array
    """(2, 3) the ends of the fitted line, ICRS unit vectors."""
    across_error: float
    """Of its middle [rad]."""
    direction_error: float
    """[rad]"""
    at: Instants
    """Start, middle and end of the exposure."""

    @property
    def errors(self) -> tuple[float, float]:
        """Of its middle across and of its direction, with what fits have besides [rad]."""
        return (
            float(np.hypot(self.across_error, ACROSS_ARCSEC * ARCSEC)),
            float(np.hypot(self.direction_error, DIRECTION)),
        )


@dataclass(frozen=True)
class Tracks:
    """K tracklets with all their instants."""

    each: tuple[Track, ...]
    at: Instants
    """3 K instants."""
    ends: Array
    """(K, 2, 3)"""

    @classmethod
    def of(cls, each: Sequence[Track]) -> Tracks:
        """Joined."""
        parts = [vars(one.at) for one in each]
        at = Instants(**{name: np.concatenate([p[name] for p in parts]) for name in parts[0]})
        return cls(tuple(each), at, np.stack([one.ends for one in each]))


@dataclass(frozen=True)
class Pull:
    """Orbits of the population, to which fits are held."""

    ln_a: Array
    e: Array
    width_ln_a: Array
    width_e: Array

    @classmethod
    def to(cls, a_km: Array, e: Array, is_geo: NDArray[np.bool_]) -> Pull:
        """The orbits (Q,) with the widths of their classes."""
        width = np.where(is_geo, PULL_GEO, PULL_LN_A)
        return cls(np.log(a_km), e, width, PULL_E[0] + PULL_E[1] * e)

    def take(self, rows: NDArray[np.generic]) -> Pull:
        """Some of them."""
        return Pull(**{name: values[rows] for name, values in vars(self).items()})


def arcs_of(six: Array, epoch_jd: float, tracks: Tracks, b_star: Array | None = None) -> Array:
    """(Q, K, 3, 3): start, middle and end of orbits' arcs in each exposure, ICRS unit vectors."""
    states = propagate(satrecs(six, epoch_jd, b_star), tracks.at)
    points, _ = star_relative(
        states.position_km, states.velocity_km_s, tracks.at.observer_km, tracks.at.earth_km_s
    )
    return points.reshape(len(six), len(tracks.each), 3, 3)


def residuals(arcs: Array, tracks: Tracks) -> Array:
    """(Q, K, 4) of arcs (Q, K, 3, 3), see `misfits`."""
    aside, turn = np.array([one.errors for one in tracks.each]).T
    exposure = np.array([one.exposure_s for one in tracks.each])
    return misfits(arcs, tracks.ends[None], exposure, aside, turn)


def misfits(arcs: Array, ends: Array, exposure_s: Array, aside: Array, turn: Array) -> Array:
    """(Q, K, 4) in errors: across, direction, sticking out before the start and after the end.

    Parameters
    ----------
    arcs : (Q, K, 3, 3) start, middle and end of orbits' arcs, unit vectors
    ends : (Q, K, 2, 3) of the tracklets, or (1, K, 2, 3)
    exposure_s, aside, turn : (Q, K) or (K,); the latter two `Track.errors`
    """
    # The tracklet's ends along and beside the arc's great circle; the arc's own bend at its middle.
    start, middle, end = arcs[:, :, 0], arcs[:, :, 1], arcs[:, :, 2]
    normal = great_circle(start, end)
    length = separation(start, end)
    along, across = along_across(ends, start[:, :, None, :], normal[:, :, None, :])
    s, q = along_across(middle, start, normal)
    bend = q / (s * (length - s))
    across = across - bend[..., None] * along * (length[..., None] - along)
    seconds = exposure_s / length
    first, last = along.min(axis=-1) * seconds, (along.max(axis=-1) - length) * seconds
    return np.stack(
        [
            across.mean(axis=-1) / aside,
            (across[..., 1] - across[..., 0]) / (along[..., 1] - along[..., 0]) / turn,
            _beyond(-first) / STICKS_OUT_S,
            _beyond(last) / STICKS_OUT_S,
        ],
        axis=-1,
    )


def _beyond(seconds: Array) -> Array:
    """What is positive of it, rounded at zero."""
    return (seconds + np.hypot(seconds, SOFT_S)) / 2


@dataclass(frozen=True)
class Fits:
    """Q fitted orbits."""

    six: Array
    """(Q, 6) as in `mean_elements`."""
    epoch_jd: float
    score: Array
    """(Q,) sum of the squared residuals and of the pull's."""
    normal: Array
    """(Q, 6, 6) inverse covariances; when in the exposure the flashes were counts as an error."""


def fit_orbits(
    six: Array, epoch_jd: float, tracks: Tracks, pull: Pull, b_star: Array | None = None
) -> Fits:
    """Least squares (Levenberg-Marquardt) from Q starts at once.

    Parameters
    ----------
    six : (Q, 6) starts
    epoch_jd : UTC, of the elements
    tracks : K tracklets
    pull : Q orbits of the population
    b_star : (Q,) drag of each [1/Earth radii]; by default none

    Returns
    -------
    Each start's fit; the score is infinite where none could be flown.
    """
    drag = np.zeros(len(six)) if b_star is None else b_star

    def seen(values: Array, rows: NDArray[np.int64]) -> Array:
        arcs = arcs_of(values, epoch_jd, tracks, drag[rows])
        apart = residuals(arcs, tracks).reshape(len(values), -1)
        return np.concatenate([apart, held(values, pull.take(rows))], axis=1)

    def with_along(values: Array, rows: NDArray[np.int64]) -> Array:
        return placed(values, epoch_jd, tracks, pull.take(rows), drag[rows])

    six, score = minimise(six, seen, STEP, SCALE, flies)
    every = np.arange(len(six))
    at = slopes(six, with_along(six, every), with_along, STEP)
    return Fits(six, epoch_jd, score, np.einsum("qir,qjr->qij", at, at))


def placed(six: Array, epoch_jd: float, tracks: Tracks, pull: Pull, b_star: Array) -> Array:
    """(Q, 3 K + 2) residuals with, in place of the ends, the middle's place along the arc.

    Inside the exposure all places are alike: an even distribution of this width has the standard
    deviation of its length over the root of 12.
    """
    arcs = arcs_of(six, epoch_jd, tracks, b_star)
    middle = tracks.ends.mean(axis=1)
    length = separation(arcs[:, :, 0], arcs[:, :, 2])
    normal = great_circle(arcs[:, :, 0], arcs[:, :, 2])
    along, _ = along_across(middle[None], arcs[:, :, 0], normal)
    exposure = np.array([one.exposure_s for one in tracks.each])
    own = separation(tracks.ends[:, 0], tracks.ends[:, 1])
    free = np.maximum(0, 1 - own / length) * exposure
    place = along / length * exposure / np.hypot(free / np.sqrt(12), STICKS_OUT_S)
    seen = residuals(arcs, tracks)[..., :2].reshape(len(arcs), -1)
    return np.concatenate([seen, place, held(six, pull)], axis=1)


def held(six: Array, pull: Pull) -> Array:
    """(Q, 2) how far a and e are off the population's, in errors."""
    e = np.hypot(six[:, 1], six[:, 2])
    return np.stack([(six[:, 0] - pull.ln_a) / pull.width_ln_a, (e - pull.e) / pull.width_e], 1)

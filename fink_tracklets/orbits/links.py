"""Which tracklets are of one object: pairs that one orbit explains.

An index in the space of poles, semi-major axes and eccentricities, brought to one date, gives the
pairs that can be of one orbit at all; of these the draws of the earlier tracklet are flown to the
later one, and those that pass nearest are fitted to both: coarsely, many pairs at once, and where
that is not hopeless with SGP4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from sgp4.api import SatrecArray

from fink_tracklets.orbits.coarse import Watch, coarse_fits, joined, watch_of
from fink_tracklets.orbits.fit import Pull, Track, Tracks, arcs_of, fit_orbits
from fink_tracklets.orbits.population import Population
from fink_tracklets.orbits.spread import in_parts
from fink_tracklets.orbits.track import Drawn
from fink_tracklets.satellites.mean_elements import J2, MU_WGS72, RADIUS_WGS72, classical, satrecs
from fink_tracklets.satellites.propagation import propagate_teme, star_relative
from fink_tracklets.sky.sphere import separation

Array = NDArray[np.float64]

INDEXED = 100
"""Draws of a tracklet that the index has."""
NEAR_POLE_DEG, NEAR_LN_A, NEAR_E = 1.5, 0.05, 0.05
"""Draws of two tracklets further apart than this are of two orbits."""
NEAR_DEG, FREE_ARCMIN, TURN_WEIGHT = 3.0, 4.0, 0.15
"""A start passes within 3 degrees; beyond 4' the distance counts, and so much of the angle between
directions."""
STARTS, FITTED = 6, 2
"""Starts of a pair's coarse fits; so many of the best are fitted with SGP4."""
HOPELESS = 100.0
"""Pairs whose coarse fits are all worse are left out."""
TOGETHER = 50
"""Later tracklets that are looked at together."""
ALIKE = 0.25
"""Draws nearer than this part of what is near are one in the index."""
LINKED = 16.0
"""Tracklets are linked below this S2."""
RARE_MOST, RARE_LN_A, RARE_E = 12.0, 0.006, 0.012
"""Orbits that nobody has cost up to 12; the kernel in which orbits are counted."""
COMMON = (42_300.0, 0.001)
"""a [km] and e of what is common."""
SAME_SPIN = 0.02
"""Two periods are one if they differ by less."""
FALSE_PER_PAIR = 1e-4
"""Of pairs of two objects so many are linked, see docs/orbits.md."""


@dataclass(frozen=True)
class Link:
    """Two tracklets of one orbit."""

    first: Drawn
    second: Drawn
    six: Array
    """(6,) the orbit at the middle of the first."""
    normal: Array
    """(6, 6) inverse covariance of these."""
    score: float
    """S: chi2 and pull."""
    rarity: float
    """What its rarity adds to S."""
    turn_ratio: float | None
    """Ratio of the spin periods, the second's over the first's; None where one has no beat."""

    @property
    def hours(self) -> float:
        """Between the two."""
        return (self.second.track.jd - self.first.track.jd) * 24

    @property
    def same_spin(self) -> bool:
        """Both flash to one beat."""
        return self.turn_ratio is not None and abs(self.turn_ratio - 1) < SAME_SPIN


@dataclass(frozen=True)
class _Shared:
    whole: Sequence[Drawn]
    population: Population
    partners: Sequence[tuple[int, tuple[int, ...]]]
    """Tracklets with some of the later ones that may be of their object."""


def link_tracklets(
    those: Sequence[Drawn], others: Sequence[Drawn], population: Population, spark: Any = None
) -> list[Link]:
    """The links among some tracklets, and between these and others.

    Parameters
    ----------
    those, others : tracklets with their draws; two of one exposure are never linked
    population : for the rarity
    spark : the session on whose executors it is done; None: in this process
    """
    whole = sorted([*those, *others], key=lambda one: (one.track.jd, one.track.tracklet))
    place = {one.track.tracklet: k for k, one in enumerate(whole)}
    partners: dict[int, list[int]] = defaultdict(list)
    for a, b in near_pairs(those, others):
        i, j = sorted((place[a.track.tracklet], place[b.track.tracklet]))
        partners[i].append(j)
    parts = [
        (i, tuple(later[k : k + TOGETHER]))
        for i in sorted(partners)
        for later in [sorted(partners[i])]
        for k in range(0, len(later), TOGETHER)
    ]
    return in_parts(spark, len(parts), _links, _Shared(whole, population, parts))


def _links(part: range, shared: _Shared) -> list[Link]:
    found = []
    for i, later in shared.partners[part.start : part.stop]:
        first, seconds = shared.whole[i], [shared.whole[j] for j in later]
        for second, starts in zip(seconds, possible_starts(first, seconds), strict=True):
            link = link_pair(first, second, *starts, shared.population) if len(starts[0]) else None
            if link is not None and link.score + link.rarity < LINKED:
                found.append(link)
    return found


def near_pairs(those: Sequence[Drawn], others: Sequence[Drawn]) -> list[tuple[Drawn, Drawn]]:
    """Pairs of which some draws have poles, a and e that are near on one date.

    Those are paired among themselves and with the others; two of one exposure are no pair.
    """
    whole = [*those, *others]
    if not those or len(whole) < 2:
        return []
    date = max(one.track.jd for one in whole)
    points = [_indexed(one, date) for one in whole]
    owner = np.repeat(np.arange(len(whole)), [len(each) for each in points])
    tree = cKDTree(np.concatenate(points))
    found = []
    for i, one in enumerate(those):
        near = tree.query_ball_point(points[i], 1.0, p=np.inf, return_sorted=False)
        for j in np.unique(owner[np.concatenate(near).astype(int)]):
            if j > i and whole[j].track.jd != one.track.jd:
                found.append((one, whole[j]))
    return found


def _indexed(one: Drawn, date: float) -> Array:
    """(n, 5) poles, ln a and e on a date, in units of what is near; those alike once."""
    a, e, i, node, _, _ = classical(one.six[:: max(1, len(one.six) // INDEXED)][:INDEXED])
    motion = np.sqrt(MU_WGS72 / a**3)
    drift = -1.5 * J2 * motion * (RADIUS_WGS72 / (a * (1 - e**2))) ** 2 * np.cos(i)
    node = node + drift * (date - one.track.jd) * 86400
    pole = np.stack([np.sin(i) * np.sin(node), -np.sin(i) * np.cos(node), np.cos(i)], axis=1)
    places = [pole / np.radians(NEAR_POLE_DEG), np.log(a) / NEAR_LN_A, e / NEAR_E]
    return np.unique(np.rint(np.column_stack(places) / ALIKE), axis=0) * ALIKE


def possible_starts(
    first: Drawn, seconds: Sequence[Drawn]
) -> list[tuple[NDArray[np.int64], Array]]:
    """For each later tracklet the draws of the first from which one orbit may explain both.

    Returns
    -------
    Rows of the draws, at most `FITTED`, and (n, 6) numbers that coarse fits make of each.
    """
    watches = (
        watch_of([first.track], first.track.jd),
        watch_of([one.track for one in seconds], first.track.jd),
    )
    flown = satrecs(first.six, first.track.jd)
    own, later = (_states(flown, [one.track for one in those]) for those in ([first], seconds))
    draw, second = _nearest(later, watches[1])
    if not len(draw):
        return [(draw, first.six[:0])] * len(seconds)
    watch = joined(watches[0], watches[1]).take(second)
    states = [np.stack([own[k][draw, 0], later[k][draw, second]], axis=1) for k in (0, 1)]
    pull = Pull.to(first.a_km[draw], first.e[draw], first.is_geo[draw])
    six, score = coarse_fits(first.six[draw], states[0], states[1], watch, pull)
    found = []
    for k in range(len(seconds)):
        rows = np.flatnonzero(second == k)
        rows = rows[np.argsort(score[rows], kind="stable")][:FITTED]
        rows = rows[score[rows] < HOPELESS]
        found.append((draw[rows], six[rows]))
    return found


def _states(flown: SatrecArray, tracks: Sequence[Track]) -> tuple[Array, Array]:
    """(D, K, 3, 3) positions and velocities at the instants of K tracks, TEME."""
    jd = np.concatenate([one.at.jd for one in tracks])
    fraction = np.concatenate([one.at.fraction for one in tracks])
    r, v = (
        one.reshape(len(flown), len(tracks), 3, 3) for one in propagate_teme(flown, jd, fraction)
    )
    return r, v


def _nearest(
    states: tuple[Array, Array], watch: Watch
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The draws that pass nearest to each of K tracks: rows of the draws and of the tracks."""
    u, _ = star_relative(*states, watch.observer_km[:, 0], watch.earth_km_s[:, 0])
    ends = watch.ends[:, 0]
    middle = ends.sum(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    course = ends[:, 1] - ends[:, 0]
    course /= np.linalg.norm(course, axis=1, keepdims=True)
    moved = u[:, :, 2] - u[:, :, 0]
    moved /= np.linalg.norm(moved, axis=-1, keepdims=True)
    turn = np.arccos(np.clip(np.abs(np.einsum("dkx,kx->dk", moved, course)), 0, 1))
    away = separation(u[:, :, 1], middle[None])
    distance = np.maximum(0, away - np.radians(FREE_ARCMIN / 60)) + TURN_WEIGHT * turn
    distance = np.where(np.isfinite(distance), distance, np.inf)
    order = np.argsort(distance, axis=0, kind="stable")[:STARTS]
    near = np.take_along_axis(distance, order, axis=0) < np.radians(NEAR_DEG)
    track, place = np.nonzero(near.T)
    return order[place, track], track


def link_pair(
    first: Drawn,
    second: Drawn,
    draws: NDArray[np.int64],
    starts: Array,
    population: Population,
) -> Link | None:
    """The best orbit through two tracklets; None where none can be flown.

    Parameters
    ----------
    draws, starts : see `possible_starts`
    """
    tracks = Tracks.of([first.track, second.track])
    pull = Pull.to(first.a_km[draws], first.e[draws], first.is_geo[draws])
    fits = fit_orbits(starts, first.track.jd, tracks, pull)
    best = int(np.argmin(fits.score))
    if not np.isfinite(fits.score[best]):
        return None
    a, e, *_ = classical(fits.six[best])
    return Link(
        first=first,
        second=second,
        six=fits.six[best],
        normal=fits.normal[best],
        score=float(fits.score[best]),
        rarity=rarity(float(a), float(e), population),
        turn_ratio=_turn_ratio(first, second, tracks, fits.six[best]),
    )


def rarity(a_km: float, e: float, population: Population) -> float:
    """How much rarer orbits of these a and e are than common ones, as S counts."""

    def count(a: float, eccentricity: float) -> float:
        u = (np.log(population.a_km) - np.log(a)) / RARE_LN_A
        v = (population.eccentricity - eccentricity) / RARE_E
        return float((np.exp(-(u**2 + v**2) / 2)).sum())

    ratio = count(*COMMON) / max(count(a_km, e), 1e-9)
    return float(np.clip(2 * np.log(ratio), 0.0, RARE_MOST)) if ratio > 0 else 0.0


def _turn_ratio(first: Drawn, second: Drawn, tracks: Tracks, six: Array) -> float | None:
    """Of two beats the ratio of their times, by the arcs of the orbit."""
    if first.turn is None or second.turn is None:
        return None
    arcs = arcs_of(six[None], first.track.jd, tracks)[0]
    length = separation(arcs[:, 0], arcs[:, 2])
    return float(second.turn / length[1] * length[0] / first.turn)

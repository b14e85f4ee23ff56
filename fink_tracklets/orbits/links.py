"""Which tracklets are of one object: pairs that one orbit explains.

An index in the space of poles, semi-major axes and eccentricities, brought to one date, gives the
pairs that can be of one orbit at all; of these the draws of the earlier tracklet are flown to the
later one, and those that pass nearest are fitted to both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fink_tracklets.orbits.fit import Pull, Tracks, arcs_of, fit_orbits
from fink_tracklets.orbits.population import Population
from fink_tracklets.orbits.spread import in_parts
from fink_tracklets.orbits.track import Drawn
from fink_tracklets.satellites.mean_elements import J2, MU_WGS72, RADIUS_WGS72, classical, satrecs
from fink_tracklets.satellites.propagation import propagate, star_relative
from fink_tracklets.sky.sphere import separation

Array = NDArray[np.float64]

INDEXED = 100
"""Draws of a tracklet that the index has."""
NEAR_POLE_DEG, NEAR_LN_A, NEAR_E = 1.5, 0.05, 0.05
"""Draws of two tracklets further apart than this are of two orbits."""
NEAR_DEG, FREE_ARCMIN, TURN_WEIGHT = 3.0, 4.0, 0.15
"""A start passes within 3 degrees; beyond 4' the distance counts, and so much of the angle between
directions."""
STARTS = 6
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
    """Each tracklet with the later ones that may be of its object."""


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
    new = {one.track.tracklet for one in those}
    partners: dict[int, list[int]] = defaultdict(list)
    for i, j in near_pairs(whole):
        tracks = whole[i].track, whole[j].track
        if tracks[0].jd != tracks[1].jd and new & {one.tracklet for one in tracks}:
            partners[i].append(j)
    shared = _Shared(whole, population, [(i, (*sorted(partners[i]),)) for i in sorted(partners)])
    return in_parts(spark, len(shared.partners), _links, shared)


def _links(part: range, shared: _Shared) -> list[Link]:
    found = []
    for i, later in shared.partners[part.start : part.stop]:
        first, seconds = shared.whole[i], [shared.whole[j] for j in later]
        for second, starts in zip(seconds, nearest_starts(first, seconds), strict=True):
            link = link_pair(first, second, starts, shared.population) if len(starts) else None
            if link is not None and link.score + link.rarity < LINKED:
                found.append(link)
    return found


def near_pairs(those: Sequence[Drawn]) -> list[tuple[int, int]]:
    """Pairs of tracklets of which some draws have poles, a and e that are near on one date."""
    if len(those) < 2:
        return []
    date = max(one.track.jd for one in those)
    points = np.concatenate([_indexed(one, date) for one in those])
    owner = np.repeat(np.arange(len(those)), INDEXED)
    found = cKDTree(points).query_pairs(1.0, p=np.inf, output_type="ndarray")
    pairs = np.sort(owner[found], axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    return [(int(i), int(j)) for i, j in pairs]


def _indexed(one: Drawn, date: float) -> Array:
    """(INDEXED, 5) poles, ln a and e on a date, in units of what is near."""
    a, e, i, node, _, _ = classical(one.six[:: max(1, len(one.six) // INDEXED)][:INDEXED])
    motion = np.sqrt(MU_WGS72 / a**3)
    drift = -1.5 * J2 * motion * (RADIUS_WGS72 / (a * (1 - e**2))) ** 2 * np.cos(i)
    node = node + drift * (date - one.track.jd) * 86400
    pole = np.stack([np.sin(i) * np.sin(node), -np.sin(i) * np.cos(node), np.cos(i)], axis=1)
    return np.column_stack([pole / np.radians(NEAR_POLE_DEG), np.log(a) / NEAR_LN_A, e / NEAR_E])


def nearest_starts(first: Drawn, seconds: Sequence[Drawn]) -> list[NDArray[np.int64]]:
    """For each later tracklet the draws of the first that pass nearest to it."""
    tracks = Tracks.of([one.track for one in seconds])
    states = propagate(satrecs(first.six, first.track.jd), tracks.at)
    u, _ = star_relative(
        states.position_km, states.velocity_km_s, tracks.at.observer_km, tracks.at.earth_km_s
    )
    u = u.reshape(len(first.six), len(seconds), 3, 3)
    middle = tracks.ends.sum(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    course = tracks.ends[:, 1] - tracks.ends[:, 0]
    course /= np.linalg.norm(course, axis=1, keepdims=True)
    moved = u[:, :, 2] - u[:, :, 0]
    moved /= np.linalg.norm(moved, axis=-1, keepdims=True)
    turn = np.arccos(np.clip(np.abs(np.einsum("dkx,kx->dk", moved, course)), 0, 1))
    away = separation(u[:, :, 1], middle[None])
    distance = np.maximum(0, away - np.radians(FREE_ARCMIN / 60)) + TURN_WEIGHT * turn
    distance = np.where(np.isfinite(distance), distance, np.inf)
    order = np.argsort(distance, axis=0, kind="stable")[:STARTS]
    return [order[distance[order[:, k], k] < np.radians(NEAR_DEG), k] for k in range(len(seconds))]


def link_pair(
    first: Drawn, second: Drawn, starts: NDArray[np.int64], population: Population
) -> Link | None:
    """The best orbit through two tracklets; None where none can be flown."""
    tracks = Tracks.of([first.track, second.track])
    pull = Pull.to(first.a_km[starts], first.e[starts], first.is_geo[starts])
    fits = fit_orbits(first.six[starts], first.track.jd, tracks, pull)
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

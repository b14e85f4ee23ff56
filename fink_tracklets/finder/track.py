"""One candidate tracklet: its points, the curve through them, and how significant it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.light import Light
from fink_tracklets.finder.significance import (
    MIN_RESOLVED,
    NullModel,
    is_one_run,
    local_density,
    log10_poisson_tail,
)
from fink_tracklets.finder.spacing import max_evidence, spacing_evidence
from fink_tracklets.finder.vectors import Array, Ints, along_across_track, dot

NOISE = 1 / 3
"""Scatter of one position, in units of the tolerance."""
CUBIC_FROM = 10
"""Points from which a track may bend more at one end than at the other."""


@dataclass(frozen=True, eq=False)
class Track:
    """Points on one smooth curve.

    The curve is a cubic polynomial of the distance [rad] from the great circle through the first
    and the last point, in u, which goes from -1 at the first to 1 at the last point.
    """

    members: Ints
    """(m,) points of the exposure, along the curve."""
    curve: Array
    """(4,) coefficients, constant first."""
    log10_nfa: float
    """Significance, or a lower bound of it while the track is not `scored`."""
    scored: bool = False
    """Whether `log10_nfa` is the significance itself."""

    def order(self) -> tuple[float, bool, int, tuple[int, ...]]:
        """Sort key: most significant first, then a bound before a score, then larger sets."""
        return (self.log10_nfa, self.scored, -len(self.members), tuple(self.members.tolist()))


def polynomial(curve: Array, u: Array) -> Array:
    """Values ``(S, n)`` of the cubics ``(S, 4)``."""
    c = curve[:, :, None]
    return np.asarray(((c[:, 3] * u + c[:, 2]) * u + c[:, 1]) * u + c[:, 0])


def sagitta(curve: Array) -> Array:
    """Height [rad] over the chord of an arc as bent as cubics ``(..., 4)`` are at most."""
    return np.asarray(np.abs(curve[..., 2]) + 3 * np.abs(curve[..., 3]))


def plausible(null: NullModel, curve: Array, length: Array) -> NDArray[np.bool_]:
    """Whether curves bend no more than `NullModel.max_curvature` and the noise allow."""
    return sagitta(curve) <= null.max_curvature * np.square(length) / 8 + null.tolerance


def fit_track(
    null: NullModel, xyz: Array, members: Ints, degree: int = 2, drop: bool = False
) -> Track | None:
    """The least-squares track through points; None when they are no tracklet.

    Parameters
    ----------
    xyz : (3, n) unit vectors
    members : points, in any order
    drop : leave out points that are further than the tolerance from the curve, the worst first;
        without, such a point means that there is no track
    """
    members = np.sort(members)
    while len(members) >= max(null.min_points, degree + 2):
        # The ends: the point furthest from the first one, and the point furthest from that.
        points = xyz[:, members]
        one = np.argmin(dot(points, points[:, :1]))
        other = np.argmin(dot(points, points[:, one, None]))
        ends = points[:, [min(one, other)]], points[:, [max(one, other)]]

        # The curve: least squares by the normal equations, which u in [-1, 1] keeps well behaved
        # unless the points are nearly all at a few places.
        along, across, length = along_across_track(points[:, None], *ends)
        u = 2 * along[0] / length - 1
        powers = u ** np.arange(degree + 1)[:, None]
        matrix = np.array([[np.sum(p * q) for p in powers] for q in powers])
        vector = np.array([np.sum(p * across[0]) for p in powers])
        if np.linalg.cond(matrix) > 1e10:
            return None
        curve = np.zeros(4)
        curve[: degree + 1] = np.linalg.solve(matrix, vector)

        # All points within the tolerance and no more bent than orbits are: a track. Else the worst
        # point leaves, and all is done again.
        offset = np.abs(across[0] - polynomial(curve[None], u[None])[0])
        worst = np.argmax(offset)
        if offset[worst] <= null.tolerance:
            if not plausible(null, curve, length[0]):
                return None
            return Track(members[np.argsort(u, kind="stable")], curve, -np.inf)
        if not drop:
            return None
        members = np.delete(members, worst)
    return None


def beside(xyz: Array, track: Track) -> tuple[Array, Array]:
    """Where all points are relative to a track.

    Parameters
    ----------
    xyz : (3, n) unit vectors

    Returns
    -------
    u : (n,) -1 at the first, 1 at the last point
    offset : (n,) [rad] from the curve
    """
    first, last = xyz[:, track.members[:1]], xyz[:, track.members[-1:]]
    along, across, length = along_across_track(xyz[:, None], first, last)
    u = 2 * along / length - 1
    return u[0], (across - polynomial(track.curve[None], u))[0]


def score(
    null: NullModel,
    xyz: Array,
    tracks: list[Track],
    light: Light | None = None,
    least: int = MIN_RESOLVED,
) -> list[Track]:
    """The tracks with their log10 NFA; infinite for those that break a rule of significance.

    Parameters
    ----------
    xyz : (3, n) all points of the exposure
    light : their magnitudes, if known
    least : resolved points of a track; 3 only where curves are straight
    """
    # All points in the coordinates of all tracks, `across` from the fitted curves.
    first = np.array([track.members[0] for track in tracks])
    last = np.array([track.members[-1] for track in tracks])
    curve = np.stack([track.curve for track in tracks])
    along, across, length = along_across_track(xyz[:, None], xyz[:, first], xyz[:, last])
    # Beyond its ends a fitted curve means nothing: the boxes go on along the great circle.
    across -= polynomial(curve, np.clip(2 * along / length[:, None] - 1, -1, 1))
    members = np.zeros(along.shape, dtype=bool)
    for row, track in enumerate(tracks):
        members[row, track.members] = True

    # The local density is that beside the curve, or that about its ends if it is higher; the ranks
    # are how many points are as near to one end as the other end is.
    density = local_density(null, along, across, members, length)
    cosine = dot(xyz[:, first], xyz[:, last])[:, None]
    radius = null.radii[np.maximum(null.radius_index(cosine[:, 0]), 0)]
    ranks, near = [], []
    for end in (first, last):
        cosines = dot(xyz[:, end, None], xyz[:, None])
        ranks.append(np.count_nonzero(cosines >= cosine, axis=1) - 1)
        near.append(np.count_nonzero(cosines > np.cos(radius)[:, None], axis=1) - 1)
    n_members = members.sum(axis=1)
    density = np.maximum(density, null.disc_density(radius, np.minimum(*near), n_members))

    # The two brackets of NFA (see `significance`): the number of tests that this track stands for.
    tests = null.log10_ends(*ranks) + null.log10_curvatures(length, sagitta(curve) - null.tolerance)

    # Its resolved points and the evidence of their spacing, from the members' places along it.
    held = np.arange(n_members.max()) < n_members[:, None]
    places = np.zeros(held.shape)
    places[held] = np.concatenate([along[row, track.members] for row, track in enumerate(tracks)])
    order = np.zeros(held.shape, dtype=np.int64)
    order[held] = np.concatenate([track.members for track in tracks])
    resolved = resolve(places, held, null.first_tolerance)
    n_resolved, evidence = spacing(places, resolved, null)

    # And that of their magnitudes, against those of the points around.
    if light is not None:
        over = np.maximum(np.maximum(-along, along - length[:, None]), 0)
        distance = np.where(members, np.inf, np.hypot(over, across))
        evidence += light.evidence_among(light.counts(order, resolved), distance)
        evidence = np.minimum(evidence, max_evidence(null.n)[n_resolved])

    # NFA = tests * P[Poisson(2 tol L rho) >= n_res - 2] / LR: the two ends are given.
    mean = 2 * null.tolerance * length * density
    log10 = tests + log10_poisson_tail(n_resolved - 2, mean) - evidence
    log10[n_resolved < least] = np.inf
    return [
        replace(track, log10_nfa=float(nfa), scored=True)
        for track, nfa in zip(tracks, log10, strict=True)
    ]


def spacing(along: Array, resolved: NDArray[np.bool_], null: NullModel) -> tuple[Ints, Array]:
    """How many resolved points sets have, and the evidence of their spacing.

    Parameters
    ----------
    along : (S, n) ascending places
    resolved : (S, n) which of them are resolved points of a set, see `resolve`

    Returns
    -------
    count : (S,) resolved points; zero where the set is no single run of points
    evidence : (S,) log10 LR
    """
    # Sets of as many resolved points are judged together, as one array (S, m).
    count, evidence = resolved.sum(axis=1), np.zeros(len(along))
    for m in np.unique(count):
        rows = np.flatnonzero(count == m)
        if m < MIN_RESOLVED:
            continue
        x = along[rows][resolved[rows]].reshape(-1, m)
        evidence[rows] = spacing_evidence(x, NOISE * null.tolerance)
        count[rows[~is_one_run(x)]] = 0
    return count, evidence


def resolve(along: Array, members: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """The resolved points of sets: the first, and the next at least `least` beyond the last one.

    Parameters
    ----------
    along : (S, n) ascending places of the members
    members : (S, n) which points are in the set
    """
    before = np.full(along.shape, -np.inf)
    before[:, 1:] = np.maximum.accumulate(np.where(members, along, -np.inf), axis=1)[:, :-1]
    resolved = members & (along - before >= least)
    # Sets with closer points than that are gone through point by point.
    rows = np.flatnonzero((resolved != members).any(axis=1))
    last = np.full(len(rows), -np.inf)
    for k in range(along.shape[1] if len(rows) else 0):
        keep = members[rows, k] & (along[rows, k] - last >= least)
        resolved[rows, k] = keep
        last = np.where(keep, along[rows, k], last)
    return resolved

"""The linking rule of P1 section 1.3, made independent of the order of the points.

1. A great circle through every pair of points at least 10" apart; those with at least 5 points
   within 5" are seeds.
2. From each seed, a parabola (distance across the circle against distance along it) is fitted to
   the set, and the set becomes all points within 1" of it, until it stays the same. An end point
   further from the others than 10 times their length leaves the set.
3. Sets that share 3 or more points are one tracklet, as long as there are such sets.
4. A point belongs to one tracklet: the one with more points.

The numbers are those of `FinderLimits`. There is no loop over pairs: exposures with the same
number of points go through each step as one array.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.sky.sphere import ARCSEC, along_across, great_circle
from fink_tracklets.survey import FinderLimits

BLOCK = 2_000_000
"""Elements of the largest temporary array (pairs or seeds times points)."""
CAPTURES = 10
"""Rounds of the fit that may add points; later rounds only drop them, so that all fits end."""


def link(
    points: NDArray[np.float64], exposures: NDArray[np.int64], limits: FinderLimits
) -> NDArray[np.int64]:
    """Link points into tracklets.

    Parameters
    ----------
    points : (n, 3) unit vectors, those of one exposure side by side
    exposures : (n,) a number for each exposure, ascending
    limits : what counts as a tracklet

    Returns
    -------
    (n,) for each point the number of its tracklet, counted over all exposures, or -1
    """
    # Exposures with equally many points are one array of fields.
    label = np.full(len(points), -1)
    _, first, counts = np.unique(exposures, return_index=True, return_counts=True)
    n_tracklets = 0
    for size in np.unique(counts[counts >= limits.min_points]):
        starts = first[counts == size]
        fields = points[starts[:, None] + np.arange(size)]
        for exposure, sets in _sets_by_exposure(fields, limits):
            for members in assign_points(merge_sets(sets, limits), limits):
                label[starts[exposure] + np.flatnonzero(members)] = n_tracklets
                n_tracklets += 1
    return label


@dataclass(frozen=True, eq=False)
class Seeds:
    """S pairs of points whose great circle passes enough points."""

    exposure: NDArray[np.int64]
    """(S,) the row of the field that they are in."""
    i: NDArray[np.int64]
    """(S,) one point of the pair."""
    j: NDArray[np.int64]
    """(S,) the other point."""
    members: NDArray[np.bool_]
    """(S, n) the points near the circle."""

    def take(self, rows: slice) -> Seeds:
        """Some of the seeds."""
        return Seeds(**{field.name: getattr(self, field.name)[rows] for field in fields(Seeds)})


def _sets_by_exposure(
    points: NDArray[np.float64], limits: FinderLimits
) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Refined, distinct sets of each exposure that has any, for ``(E, n, 3)`` points."""
    found: dict[int, list[NDArray[np.bool_]]] = {}
    n = points.shape[1]
    for seeds in _seeds(points, limits):
        for part in (seeds.take(rows) for rows in _blocks(len(seeds.i), BLOCK // n)):
            sets = refine(points[part.exposure], part, limits)
            kept = sets.sum(axis=1) >= limits.min_points
            for e in np.unique(part.exposure[kept]):
                mine = sets[kept & (part.exposure == e)]
                found.setdefault(int(e), []).append(np.unique(mine, axis=0))
    for e in sorted(found):
        yield e, np.unique(np.concatenate(found[e]), axis=0)


def _seeds(points: NDArray[np.float64], limits: FinderLimits) -> Iterator[Seeds]:
    """Step 1 for ``(E, n, 3)`` points."""
    n = points.shape[1]
    i, j = np.triu_indices(n, 1)
    for exposures in _blocks(len(points), BLOCK // (len(i) * n)):
        for pairs in _blocks(len(i), BLOCK // n):
            # The circles (exposures, pairs, 3), and which pairs are far enough apart for one.
            block = points[exposures]
            a, b = block[:, i[pairs]], block[:, j[pairs]]
            normal = np.cross(a, b)
            length = np.linalg.norm(normal, axis=-1, keepdims=True)
            far = (length[..., 0] >= np.sin(limits.min_separation_arcsec * ARCSEC)) | (
                np.sum(a * b, axis=-1) < 0
            )
            # The points (exposures, pairs, n) near each circle.
            normal /= np.where(length > 0, length, 1)
            across = normal @ block.swapaxes(1, 2)
            near = np.abs(across) <= np.sin(limits.first_tolerance_arcsec * ARCSEC)
            e, p = np.nonzero(far & (near.sum(axis=-1) >= limits.min_points))
            if len(e):
                yield Seeds(e + exposures.start, i[pairs][p], j[pairs][p], near[e, p])


def _blocks(n: int, step: int) -> Iterator[slice]:
    """The numbers 0 to n in slices of at most `step`."""
    step = max(1, step)
    return (slice(k, min(k + step, n)) for k in range(0, n, step))


def refine(points: NDArray[np.float64], seeds: Seeds, limits: FinderLimits) -> NDArray[np.bool_]:
    """Step 2 for many seeds at once.

    Parameters
    ----------
    points : (S, n, 3) of each seed's exposure
    seeds : where to start from
    limits : what counts as a tracklet

    Returns
    -------
    (S, n) the final sets; a set that fell below the minimum is empty
    """
    # All points along and across each seed's circle.
    rows = np.arange(len(points))
    origin = points[rows, seeds.i]
    normal = great_circle(origin, points[rows, seeds.j])
    along, across = along_across(points, origin[:, None], normal[:, None])

    # In every round the sets that no longer change are done, those too small are given up.
    members = seeds.members.copy()
    result = np.zeros_like(members)
    active = rows
    rounds = 0
    while len(active):
        s, d, old = along[active], across[active], members[active]
        new = np.abs(d - parabola(s, d, old)) <= limits.refined_tolerance_arcsec * ARCSEC
        if rounds >= CAPTURES:
            new &= old
        new = drop_far_ends(s, new, limits)
        enough = new.sum(axis=1) >= limits.min_points
        same = (new == old).all(axis=1)
        result[active[enough & same]] = new[enough & same]
        members[active] = new
        active = active[enough & ~same]
        rounds += 1
    return result


def parabola(
    along: NDArray[np.float64], across: NDArray[np.float64], members: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Values at all points of the least-squares parabola through the members, all ``(S, n)``."""
    # In x, from -1 to 1 over the members, the normal equations are well behaved.
    count = members.sum(axis=1, keepdims=True)
    middle = np.sum(along * members, axis=1, keepdims=True) / count
    scale = np.max(np.abs(along - middle) * members, axis=1, keepdims=True)
    x = (along - middle) / np.where(scale > 0, scale, 1)
    powers = np.stack([np.ones_like(x), x, x * x], axis=-1)
    weighted = powers * members[..., None]
    matrix = weighted.swapaxes(1, 2) @ powers + 1e-12 * np.eye(3)  # 1e-12: never singular
    vector = weighted.swapaxes(1, 2) @ across[..., None]
    return (powers @ np.linalg.solve(matrix, vector))[..., 0]


def drop_far_ends(
    along: NDArray[np.float64], members: NDArray[np.bool_], limits: FinderLimits
) -> NDArray[np.bool_]:
    """Sets without end points further away than `max_end_gap` times the length of the rest."""
    members = members.copy()
    rows = np.flatnonzero(members.sum(axis=1) >= limits.min_points)
    while len(rows):
        # The members in order along the circle, and whether the first or the last of them is far.
        order = np.argsort(np.where(members[rows], along[rows], np.inf), axis=1, kind="stable")
        position = np.take_along_axis(along[rows], order, axis=1)
        k, last = np.arange(len(rows)), members[rows].sum(axis=1) - 1
        first_far = position[:, 1] - position[:, 0] > limits.max_end_gap * (
            position[k, last] - position[:, 1]
        )
        last_far = position[k, last] - position[k, last - 1] > limits.max_end_gap * (
            position[k, last - 1] - position[:, 0]
        )
        # They leave, and the sets that lost one are looked at again.
        members[rows[first_far], order[first_far, 0]] = False
        members[rows[last_far], order[last_far, last[last_far]]] = False
        changed = rows[first_far | last_far]
        rows = changed[members[changed].sum(axis=1) >= limits.min_points]
    return members


def merge_sets(sets: NDArray[np.bool_], limits: FinderLimits) -> NDArray[np.bool_]:
    """Step 3: unions ``(M, n)`` of the sets ``(S, n)``, no two sharing as many points.

    Merging only ever adds shared points, so the result does not depend on the order.
    """
    # Half a second that only those spend who ask for this method.
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    while True:
        counts = sets.astype(np.int32)
        shared = csr_array(counts @ counts.T >= limits.merge_shared_points)
        n_groups, group = connected_components(shared, directed=False)
        if n_groups == len(sets):
            return sets
        sets = np.stack([sets[group == g].any(axis=0) for g in range(n_groups)])


def assign_points(sets: NDArray[np.bool_], limits: FinderLimits) -> Iterator[NDArray[np.bool_]]:
    """Step 4: sets ``(n,)`` without a common point, larger ones first, those still large enough.

    Among equals the set that holds the earlier point goes first.
    """
    free = np.ones(sets.shape[1], dtype=bool)
    for row in sorted(range(len(sets)), key=lambda r: (-sets[r].sum(), *np.flatnonzero(sets[r]))):
        members = sets[row] & free
        if members.sum() >= limits.min_points:
            free &= ~members
            yield members

"""From candidate lines to sets of points on one parabola, as arrays over all lines at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.crowds import least_mean
from fink_tracklets.finder.lines import Ints, Lines
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.spacing import max_evidence
from fink_tracklets.finder.track import Array, Track, along_across_track, plausible, spacing

BLOCK = 400_000
"""Elements of the largest temporary array."""
EXTEND_BELOW = 1.0
"""log10 NFA above the threshold up to which a set may be extended to pass it."""
CAPTURES = 10
"""Rounds of the fit that may add points; later rounds only drop them, so that all fits end."""


def grow(fields: Array, lines: Lines, null: NullModel) -> Iterator[tuple[int, Track]]:
    """The sets of points on one parabola from end to end of the lines.

    Parameters
    ----------
    fields : (E, n, 3) unit vectors
    lines : candidate lines of these fields

    Yields
    ------
    field : row of `fields`
    track : a set that may pass the threshold; its log10_nfa is a lower bound
    """
    xyz = np.ascontiguousarray(np.moveaxis(fields, -1, 0))
    start = np.cumsum(lines.count) - lines.count
    mean = least_mean(fields, lines, null)
    for count in np.unique(lines.count):
        rows = np.flatnonzero(lines.count == count)
        step = max(1, BLOCK // int(count) ** 2)
        for part in (rows[k : k + step] for k in range(0, len(rows), step)):
            points = lines.points[start[part][:, None] + np.arange(count)]
            yield from _grow(xyz, lines, part, points, mean[part], null)


def _grow(
    xyz: Array, lines: Lines, rows: Ints, points: Ints, mean: Array, null: NullModel
) -> Iterator[tuple[int, Track]]:
    """`grow` for lines with an equal number of points, ``(S, c)``."""
    field, i, j = lines.field[rows], lines.i[rows], lines.j[rows]
    along, across, length = along_across_track(
        xyz[:, field[:, None], points], xyz[:, field, i], xyz[:, field, j]
    )
    ends = (points == i[:, None]) | (points == j[:, None])
    along[points == i[:, None]] = 0.0
    along[points == j[:, None]] = length
    order = np.argsort(along, axis=1, kind="stable")
    along, across, ends, points = (
        np.take_along_axis(a, order, axis=1) for a in (along, across, ends, points)
    )
    most, members = agree(along, across, ends, length, null)
    may = null.could_pass(
        lines.radius[rows], lines.within_i[rows], lines.within_j[rows], most, mean
    )
    if not may.any():
        return
    u = 2 * along / length[:, None] - 1
    kept, members, curve = refine(u[may], across[may], members[may], null)
    keep = np.flatnonzero(may)[kept]
    keep_ok = ends[keep].sum(axis=1) == (ends[keep] & members).sum(axis=1)
    keep_ok &= plausible(null, curve, length[keep])
    keep, members, curve = keep[keep_ok], members[keep_ok], curve[keep_ok]
    limit = np.log10(null.threshold) + EXTEND_BELOW
    sizes = members.sum(axis=1)
    bound = _bound(lines, rows[keep], sizes, mean[keep], null)
    may = bound < limit + max_evidence(null.n)[sizes]
    keep, members, curve = keep[may], members[may], curve[may]
    rows, mean = rows[keep], mean[keep]
    n_resolved, evidence = spacing(along[keep], members, null)
    bound = _bound(lines, rows, n_resolved, mean, null) - evidence
    good = (n_resolved >= null.min_points) & (bound < limit)
    for k in np.flatnonzero(good):
        track = Track(points[keep[k]][members[k]], curve[k], float(bound[k]))
        yield int(field[keep[k]]), track


def _bound(lines: Lines, rows: Ints, resolved: Ints, mean: Array, null: NullModel) -> Array:
    """`NullModel.log10_bound` of tracks with so many resolved points on lines."""
    return null.log10_bound(
        lines.radius[rows],
        lines.within_i[rows],
        lines.within_j[rows],
        resolved,
        lines.count[rows],
        mean,
    )


def agree(
    along: Array, across: Array, ends: NDArray[np.bool_], length: Array, null: NullModel
) -> tuple[Ints, NDArray[np.bool_]]:
    """The parabola from end to end that most points agree with.

    A parabola that passes within tol of both ends differs by at most tol from
    ``c along (length - along)``: a point within tol of it limits c to an interval, and as many
    points can lie on one such parabola as intervals have a common c. So this is an upper bound.

    Parameters
    ----------
    along, across : (S, c) coordinates of the points near each arc
    ends : (S, c) the two end points
    length : (S,)

    Returns
    -------
    count : (S,) points that may lie on one parabola, the ends included
    members : (S, c) these points
    """
    limit = null.max_curvature / 2
    weight = along * (length[:, None] - along)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.maximum((across - 2 * null.tolerance) / weight, -limit)
        high = np.minimum((across + 2 * null.tolerance) / weight, limit)
    low, high = np.where(ends, -limit, low), np.where(ends, limit, high)
    low, high = np.where(weight > 0, low, -limit), np.where(weight > 0, high, limit)
    low[low > high] = np.inf
    holds = (low[:, None] <= low[:, :, None]) & (low[:, :, None] <= high[:, None])
    count = np.count_nonzero(holds, axis=-1)
    best = np.argmax(count, axis=1)
    rows = np.arange(len(best))
    members = holds[rows, best]
    middle = (low[rows, best] + np.where(members, high, np.inf).min(axis=1)) / 2
    members = (low <= middle[:, None]) & (middle[:, None] <= high)
    return count[rows, best], members


def refine(
    u: Array, across: Array, members: NDArray[np.bool_], null: NullModel
) -> tuple[Ints, NDArray[np.bool_], Array]:
    """Least-squares parabolas through the members, which become all points within the tolerance.

    Parameters
    ----------
    u, across : (S, c)
    members : (S, c) where to start from

    Returns
    -------
    kept : rows whose set ended with enough points
    members : (kept, c) the final sets
    curve : (kept, 4) coefficients in u
    """
    members = members.copy()
    curve = np.zeros((len(u), 4))
    done = np.zeros(len(u), dtype=bool)
    active = np.arange(len(u))
    rounds = 0
    while len(active):
        old = members[active]
        c = parabola(u[active], across[active], old)
        fit = (c[:, 2:3] * u[active] + c[:, 1:2]) * u[active] + c[:, :1]
        new = np.abs(across[active] - fit) <= null.tolerance
        if rounds >= CAPTURES:
            new &= old
        enough = new.sum(axis=1) >= null.min_points
        same = (new == old).all(axis=1)
        ready = active[enough & same]
        curve[ready, :3] = c[enough & same]
        done[ready] = True
        members[active] = new
        active = active[enough & ~same]
        rounds += 1
    kept = np.flatnonzero(done)
    return kept, members[kept], curve[kept]


def parabola(u: Array, across: Array, members: NDArray[np.bool_]) -> Array:
    """Coefficients ``(S, 3)`` of least-squares parabolas through the members, all ``(S, c)``."""
    w = members.astype(float)
    powers = [w]
    for _ in range(4):
        powers.append(powers[-1] * u)
    s0, s1, s2, s3, s4 = (p.sum(axis=1) for p in powers)
    t0, t1, t2 = ((p * across).sum(axis=1) for p in powers[:3])
    a, b, c = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
    d, e, f = s0 * s4 - s2 * s2, s1 * s2 - s0 * s3, s0 * s2 - s1 * s1
    det = s0 * a + s1 * b + s2 * c
    det = np.where(det > 1e-9 * s0**3, det, np.nan)  # all at two places: no parabola
    return np.asarray(
        np.stack([a * t0 + b * t1 + c * t2, b * t0 + d * t1 + e * t2, c * t0 + e * t1 + f * t2], 1)
        / det[:, None]
    )

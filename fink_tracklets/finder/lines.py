"""Candidate lines: pairs of points with others near the great-circle arc between them.

A pair (i, j) is a line when the points within T of its great circle and between its ends are so
many that a tracklet from i to j may be significant (`NullModel.could_pass`). Two exact ways give
the same lines:

- `by_broadcast`: all pairs times all points of many small exposures at once, O(N^3);
- `by_anchor`: about each point the others are sorted by position angle. A circle through the
  anchor at angle theta passes within T of a point at angle theta_k and separation s_k when theta
  lies within asin(sin T / sin s_k) of theta_k: a difference array counts all of an anchor's circles
  in O(N log N) time and O(N) memory.

The points are scanned along one axis of the tangent plane, so that each pair is seen once, from
its first end, and only points ahead of it need to be sorted. The windows are a millionth wider
than T; the few pairs that pass get their points by the same exact formula in both ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.vectors import Array, Ints, circle_normal, cross, dot

BROADCAST_BELOW = 90
"""Points per exposure below which the broadcast is faster (measured: docs/finder.md)."""
BLOCK = 200_000
"""Elements of the largest temporary array of the broadcast."""
ANCHORS = 200
"""Anchors whose lines are handed on together."""
WIDER = 1 + 1e-6
"""Windows of `by_anchor` relative to T: covers the rounding of position angles."""


@dataclass(frozen=True)
class Lines:
    """Pairs of points of some fields, and the points near the arc between them."""

    field: Ints
    """(L,) row of `fields`."""
    i: Ints
    """(L,) first point, i < j."""
    j: Ints
    """(L,) last point."""
    radius: Ints
    """(L,) separation, as an index into `NullModel.radii`."""
    within_i: Ints
    """(L,) other points nearer to i than that radius."""
    within_j: Ints
    """(L,) other points nearer to j than that radius."""
    count: Ints
    """(L,) points near the arc, i and j included."""
    points: Ints
    """(sum of count,) the points near each arc, ascending."""

    @staticmethod
    def join(parts: list[Lines]) -> Lines:
        """All lines, in order of field, i and j."""
        if not parts:
            return Lines(**{f.name: np.empty(0, dtype=np.int64) for f in fields(Lines)})
        whole = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Lines)}
        order = np.lexsort((whole["j"], whole["i"], whole["field"]))
        # Each line's run of `points` moves with it: from its old to its new place.
        points, count = whole.pop("points"), whole["count"]
        start = np.cumsum(count) - count
        shift = np.cumsum(count[order]) - count[order]
        take = np.arange(len(points)) + np.repeat(start[order] - shift, count[order])
        return Lines(**{name: column[order] for name, column in whole.items()}, points=points[take])


def candidate_lines(points: Array, null: NullModel) -> Iterator[Lines]:
    """The lines of fields of equal size, by the faster of the two ways, in parts.

    Parameters
    ----------
    points : (E, n, 3) unit vectors
    null : tolerances, and the significance that a line must be able to reach
    """
    if points.shape[1] < BROADCAST_BELOW or not _is_small(points):
        yield from by_broadcast(points, null)
    else:
        for e, field in enumerate(points):
            yield from by_anchor(field, null, e)


def _is_small(points: Array) -> bool:
    """Whether each field lies within 60 degrees of its centre, as `by_anchor` needs."""
    return all(bool((field @ _centre(field) > 0.5).all()) for field in points)


def _centre(points: Array) -> Array:
    middle = points.mean(axis=0)
    return np.asarray(middle / max(np.linalg.norm(middle), 1e-300))


def by_broadcast(points: Array, null: NullModel) -> Iterator[Lines]:
    """Lines of ``(E, n, 3)`` points: every pair with every point."""
    n_fields, n, _ = points.shape
    i, j = np.triu_indices(n, 1)
    pair_step = max(1, BLOCK // n)
    field_step = max(1, BLOCK // (min(len(i), pair_step) * n))
    for e in range(0, n_fields, field_step):
        xyz = np.ascontiguousarray(np.moveaxis(points[e : e + field_step], -1, 0))
        # (fields, pairs, points): which points lie within T of each pair's whole circle.
        for p in range(0, len(i), pair_step):
            a, b = i[p : p + pair_step], j[p : p + pair_step]
            first, last = xyz[:, :, a], xyz[:, :, b]
            across = dot(circle_normal(first, last)[..., None], xyz[:, :, None])
            near = np.abs(across, out=across) <= np.sin(null.first_tolerance)
            count = np.count_nonzero(near, axis=-1)
            # Most pairs are done with here: too near to each other, or too few points.
            far = dot(first, last) <= np.cos(null.min_separation)
            f, q = np.nonzero(far & (count >= null.min_points))
            # Of the rest the circle's points are judged by the arc alone, as in the other way.
            if len(f):
                used, g = np.unique(f, return_inverse=True)
                within = _within(xyz[:, used], null)
                pairs = _Pairs(f + e, a[q], b[q], within[g, a[q]], within[g, b[q]])
                line, k = np.nonzero(near[f, q])
                clouds = xyz[:, f[line], k]
                yield _confirm(pairs, first[:, f, q], last[:, f, q], line, clouds, k, null)


def by_anchor(points: Array, null: NullModel, field: int = 0) -> Iterator[Lines]:
    """Lines of one field of ``(n, 3)`` points within 60 degrees of its centre, by sorting.

    An anchor a sees the other points in order of angle. The circle through a and b passes near k
    when b's angle lies in the window of k, which is the wider the nearer k is::

                         . b                        angles ahead:   b1  b2    b3  b4
               . k    .                             window of k:       [--------]
                 . .      window of k               steps:          0  +1     0  -1
        forward a ------------------> u             running sum:    0   1     1   0

    so that the running sum of the steps of all windows counts the points near each circle.
    """
    # The points in order of u, their place along one axis of the tangent plane: a pair is seen
    # once, from its end of smaller u.
    n = len(points)
    centre = _centre(points)
    axis = cross(centre, np.eye(3)[np.argmin(np.abs(centre))])
    axis /= np.linalg.norm(axis)
    depth = points @ centre
    u = (points @ axis) / depth
    order = np.argsort(u, kind="stable")
    u = u[order]
    xyz = np.ascontiguousarray(points[order].T)
    within = _within(xyz[:, None], null)[0]
    # From where on points count for an anchor: those further behind lie near no arc that leads
    # ahead from it.
    sin_t = np.sin(null.first_tolerance) * WIDER
    begin = np.searchsorted(u, u - 2 * sin_t * np.sqrt(1 + u**2) / depth.min())
    # Angles at an anchor are counted from `forward`, the normal of the points of equal u: all
    # points ahead lie within 90 degrees of it, and the angles have no jump among them.
    forward = axis[:, None] - u * centre[:, None]
    forward /= np.sqrt(dot(forward, forward))
    sideways = cross(xyz, forward)
    parts: list[Lines] = []
    for a in range(n - 1):
        # Every point's angle at the anchor, and the half width of its window.
        anchor, here, nearby = xyz[:, a, None], a - begin[a], xyz[:, begin[a] :]
        right, up = dot(forward[:, a, None], nearby), dot(sideways[:, a, None], nearby)
        theta = np.arctan2(up, right)
        distance = np.maximum(np.sqrt(right * right + up * up), sin_t)
        window = np.arcsin(sin_t / distance) + 1e-10
        window[here] = -4.0  # the anchor itself is not counted
        by_angle = np.argsort(theta)
        theta, window = theta[by_angle], window[by_angle]
        # The circles are those through points ahead (b > a); `count` is of the points near each.
        ahead = by_angle > here
        angle, target = theta[ahead], by_angle[ahead] + begin[a]
        low = np.searchsorted(angle, theta - window)
        high = np.maximum(np.searchsorted(angle, theta + window, side="right"), low)
        steps = np.bincount(low, minlength=n) - np.bincount(high, minlength=n)
        count = np.cumsum(steps[: len(angle)]) + 1
        # Most anchors end here: by the number of points near their whole circles, beyond b too,
        # no tracklet from a to any b could be significant.
        rank = np.flatnonzero(count >= null.min_points)
        if not len(rank):
            continue
        b, count = target[rank], count[rank]
        cosine = dot(anchor, nearby)
        radius = null.radius_index(cosine[b - begin[a]])
        good = (radius >= 0) & null.could_pass(radius, within[a, radius], within[b, radius], count)
        if not good.any():
            continue
        rank, b, radius = rank[good], b[good], radius[good]
        # Of the points near these circles, those nearer to the anchor than b is.
        circle, k = _expand(np.searchsorted(rank, low), np.searchsorted(rank, high))
        k = by_angle[k]
        closer = cosine[k] >= cosine[b - begin[a]][circle]
        circle, k = circle[closer], k[closer]
        count = np.bincount(circle, minlength=len(b)) + 1
        good = null.could_pass(radius, within[a, radius], within[b, radius], count)
        if not good.any():
            continue
        # What is left is confirmed by the exact distances, as in the other way.
        b = b[good]
        ends = np.full(len(b), field), np.full(len(b), order[a]), order[b]
        pairs = _Pairs(*ends, within[[a]], within[b])
        # The anchor itself is near all its circles.
        line = np.concatenate([(np.cumsum(good) - 1)[circle[good[circle]]], np.arange(len(b))])
        k = np.concatenate([k[good[circle]], np.full(len(b), here)])
        names = order[begin[a] :][k]
        parts.append(_confirm(pairs, anchor, xyz[:, b], line, nearby[:, k], names, null))
        if len(parts) == ANCHORS:
            yield Lines.join(parts)
            parts = []
    yield Lines.join(parts)


@dataclass(frozen=True)
class _Pairs:
    """P pairs that may be lines, by their points' numbers."""

    field: Ints
    """(P,) row of `fields`."""
    i: Ints
    """(P,) one point of each."""
    j: Ints
    """(P,) the other point, of a smaller or a larger number."""
    within_i: Ints
    """(P, radii) or (1, radii): how many points are nearer to i than each of the radii."""
    within_j: Ints
    """(P, radii): how many points are nearer to j than each of the radii."""


def _expand(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """All pairs (r, k) with low[k] <= r < high[k]."""
    many = np.maximum(high - low, 0)
    k = np.repeat(np.arange(len(low)), many)
    return np.arange(len(k)) - np.repeat(np.cumsum(many) - many - low, many), k


def _confirm(
    pairs: _Pairs, first: Array, last: Array, line: Ints, cloud: Array, names: Ints, null: NullModel
) -> Lines:
    """The lines among the pairs, with their points.

    Parameters
    ----------
    pairs : P pairs
    first, last : (3, P) their points, or (3, 1)
    line : (K,) of points that may lie near an arc, the pair
    cloud : (3, K) these points
    names : (K,) their numbers
    """
    # Near the arc is who is within T of the circle, and nearer to each end than the other end is.
    cosine = dot(first, last)
    normal, first = circle_normal(first, last), np.broadcast_to(first, last.shape)
    near = np.abs(dot(normal[:, line], cloud)) <= np.sin(null.first_tolerance)
    near &= dot(first[:, line], cloud) >= cosine[line]
    near &= dot(last[:, line], cloud) >= cosine[line]
    line, names = line[near], names[near]

    # With the exact number of points: could a tracklet from end to end be significant?
    count = np.bincount(line, minlength=len(cosine))
    radius = null.radius_index(cosine)
    row = np.arange(len(radius))
    within_i = pairs.within_i[row % max(len(pairs.within_i), 1), radius]
    within_j = pairs.within_j[row, radius]
    good = null.could_pass(radius, within_i, within_j, count)

    # The lines that could, their ends in order of number, their points ascending.
    line, member = line[good[line]], names[good[line]]
    member = member[np.lexsort((member, line))]
    swap = (pairs.i > pairs.j)[good]
    both = np.stack([pairs.i, pairs.j])[:, good]
    near_ends = np.stack([within_i, within_j])[:, good]
    return Lines(
        field=pairs.field[good],
        i=both.min(axis=0),
        j=both.max(axis=0),
        radius=radius[good],
        within_i=np.where(swap, near_ends[1], near_ends[0]),
        within_j=np.where(swap, near_ends[0], near_ends[1]),
        count=count[good],
        points=member,
    )


def _within(xyz: Array, null: NullModel) -> Ints:
    """How many other points are nearer than each of the radii: ``(3, E, n)`` to ``(E, n, R)``."""
    # A histogram of each point's separations from all, one bin between two radii ...
    _, n_fields, n = xyz.shape
    bins = len(null.radii) + 1
    within = np.empty((n_fields, n, bins), dtype=np.int64)
    step = max(1, BLOCK // (n_fields * n))
    for k in range(0, n, step):
        part = xyz[:, :, k : k + step]
        cell = null.radius_index(dot(part[..., None], xyz[:, :, None])) + 1
        rows = cell.shape[0] * cell.shape[1]
        cell += bins * np.arange(rows).reshape(cell.shape[:2])[..., None]
        counts = np.bincount(cell.ravel(), minlength=rows * bins)
        within[:, k : k + step] = counts.reshape(n_fields, -1, bins)
    # ... summed up; the point itself does not count.
    return np.cumsum(within, axis=-1)[..., :-1] - 1

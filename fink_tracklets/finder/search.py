"""The pairs of points that may be lines, in numpy. Two exact ways give the same lines:

- `by_broadcast`: all pairs times all points of many small exposures at once, O(N^3);
- `by_anchor`: about each point the others are sorted by position angle. A circle through the
  anchor at angle theta passes within T of a point at angle theta_k and separation s_k when theta
  lies within asin(sin T / sin s_k) of theta_k: a difference array counts all of an anchor's circles
  in O(N log N) time and O(N) memory. A count in bins comes first: it leaves most anchors few pairs,
  which are measured one by one.

The points are scanned along one axis of the tangent plane, so that each pair is seen once, from
its first end, and only points ahead of it need to be sorted. The windows are a millionth wider
than T; the few pairs that pass get their points by the same exact formula in both ways.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.kernel import by_kernel, load_kernel
from fink_tracklets.finder.lines import (
    BLOCK,
    MAX_WORK,
    WIDER,
    Lines,
    Pairs,
    confirm,
    neighbours_within,
)
from fink_tracklets.finder.near import near_circles
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.vectors import Array, Ints, circle_normal, cross, dot

BROADCAST_BELOW = 90
"""Points per exposure below which the broadcast is faster (measured: docs/finder.md)."""
FEW = 30
"""Pairs of an anchor up to which its circles are measured one by one."""
ANCHORS = 200
"""Anchors whose lines are handed on together."""


def candidate_lines(points: Array, null: NullModel, given_up: set[int]) -> Iterator[Lines]:
    """The lines of fields of equal size, by the fastest of the ways, in parts.

    Parameters
    ----------
    points : (E, n, 3) unit vectors
    null : tolerances, and the significance that a line must be able to reach
    given_up : gets the rows of fields with more than `MAX_WORK`; some of their lines come, too
    """
    # Only a field within 60 degrees of its centre has a plane, as all but `by_broadcast` need.
    n_fields, n, _ = points.shape
    kernel = load_kernel()
    small = _are_small(points) if kernel or n >= BROADCAST_BELOW else np.zeros(n_fields, dtype=bool)
    if kernel:
        yield from by_kernel(kernel, points[small], np.flatnonzero(small), null, given_up)
    else:
        for e in np.flatnonzero(small):
            yield from _up_to_max_work(by_anchor(points[e], null, int(e)), given_up)
    if not small.all():
        yield from by_broadcast(points[~small], null, np.flatnonzero(~small))


def _up_to_max_work(parts: Iterator[Lines], given_up: set[int]) -> Iterator[Lines]:
    """The lines of a field, until they are too much work."""
    work = 0
    for lines in parts:
        work += int(lines.count.sum())
        if work > MAX_WORK:
            given_up.add(int(lines.field[0]))
            return
        yield lines


def _are_small(points: Array) -> NDArray[np.bool_]:
    """Which fields ``(E, n, 3)`` lie within 60 degrees of their centre."""
    middle = points.mean(axis=1)
    least = 0.5 * np.sqrt(np.sum(middle * middle, axis=1))
    return np.asarray((np.matmul(points, middle[:, :, None])[..., 0] > least[:, None]).all(axis=1))


def _centre(points: Array) -> Array:
    middle = points.mean(axis=0)
    return np.asarray(middle / max(np.linalg.norm(middle), 1e-300))


def by_broadcast(points: Array, null: NullModel, names: Ints | None = None) -> Iterator[Lines]:
    """Lines of ``(E, n, 3)`` points, every pair with every point; `names` are the fields' rows."""
    n_fields, n, _ = points.shape
    names = np.arange(n_fields) if names is None else names
    i, j = np.triu_indices(n, 1)
    sin_t = np.sin(null.first_tolerance) * WIDER
    pair_step = max(1, BLOCK // n)
    field_step = max(1, BLOCK // (min(len(i), pair_step) * n))
    for e in range(0, n_fields, field_step):
        xyz = np.ascontiguousarray(np.moveaxis(points[e : e + field_step], -1, 0))
        # (fields, pairs, points): which points lie within T of each pair's whole circle.
        for p in range(0, len(i), pair_step):
            a, b = i[p : p + pair_step], j[p : p + pair_step]
            first, last = xyz[:, :, a], xyz[:, :, b]
            across = np.moveaxis(circle_normal(first, last), 0, -1) @ np.moveaxis(xyz, 0, 1)
            near = np.abs(across, out=across) <= sin_t
            count = np.count_nonzero(near, axis=-1)
            # Most pairs are done with here: too near to each other, or too few points.
            cosine = dot(first, last)
            far = cosine <= np.cos(null.min_separation)
            f, q = np.nonzero(far & (count >= null.min_points))
            # Of the rest the circle's points are judged by the arc alone, as in the other way.
            if len(f):
                used, g = np.unique(f, return_inverse=True)
                within = neighbours_within(xyz[:, used], null)
                radius = null.radius_index(cosine[f, q])
                near_ends = within[g, a[q], radius], within[g, b[q], radius]
                pairs = Pairs(names[f + e], a[q], b[q], radius, *near_ends)
                line, k = np.nonzero(near[f, q])
                clouds = xyz[:, f[line], k]
                yield confirm(pairs, first[:, f, q], last[:, f, q], line, clouds, null)


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
    within = neighbours_within(xyz[:, None], null)[0]

    # From where on points count for an anchor: those further behind lie near no arc that leads
    # ahead from it.
    sin_t = np.sin(null.first_tolerance) * WIDER
    begin = np.searchsorted(u, u - 2 * sin_t * np.sqrt(1 + u**2) / depth.min())

    # Angles at an anchor are counted from `forward`, the normal of the points of equal u: all
    # points ahead lie within 90 degrees of it, and the angles have no jump among them.
    forward = axis[:, None] - u * centre[:, None]
    forward /= np.sqrt(dot(forward, forward))
    sideways = cross(xyz, forward)
    axes = np.ascontiguousarray(np.stack([forward, sideways]).transpose(2, 0, 1))
    parts: list[Lines] = []
    i, j, many = _promising(xyz, forward, sideways, begin, within, null)
    for start, stop, line, k in near_circles(xyz, i, j, xyz, sin_t):
        a, b = i[start:stop], j[start:stop]
        radius = null.radius_index(dot(xyz[:, a], xyz[:, b]))
        ends = np.full(len(a), field), order[a], order[b]
        pairs = Pairs(*ends, radius, within[a, radius], within[b, radius])
        yield confirm(pairs, xyz[:, a], xyz[:, b], line, xyz[:, k], null)
    for a in many:
        # Every point's angle at the anchor, and the half width of its window.
        anchor, here, nearby = xyz[:, a, None], a - begin[a], xyz[:, begin[a] :]
        right, up = axes[a] @ nearby
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
        b, radius = b[good], radius[good]
        ends = np.full(len(b), field), np.full(len(b), order[a]), order[b]
        pairs = Pairs(*ends, radius, within[a, radius], within[b, radius])
        # The anchor itself is near all its circles.
        line = np.concatenate([(np.cumsum(good) - 1)[circle[good[circle]]], np.arange(len(b))])
        k = np.concatenate([k[good[circle]], np.full(len(b), here)])
        parts.append(confirm(pairs, anchor, xyz[:, b], line, nearby[:, k], null))
        if len(parts) == ANCHORS:
            yield Lines.join(parts)
            parts = []
    yield Lines.join(parts)


def _promising(
    xyz: Array, forward: Array, sideways: Array, begin: Ints, within: Ints, null: NullModel
) -> tuple[Ints, Ints, Ints]:
    """The pairs (i, j) that may be lines, of anchors with `FEW` at most; and the other anchors.

    Directions are counted in bins, those of many anchors at once, as
    ``p = up / (|right| + |up|)``, which takes no arc tangent, from -1 to 1 ahead of the anchor;
    ``dp / dtheta = 1 / (|cos| + |sin|)^2`` changes by 2 per radian at most. Single precision is
    enough: windows are wider by more than its errors.
    """
    n, sin_t = xyz.shape[1], float(np.sin(null.first_tolerance) * WIDER)
    few: list[Ints] = []
    many: list[Ints] = []
    step = max(1, BLOCK // (8 * n))
    for a in range(0, n - 1, step):
        # Of each anchor and point: the direction, and the window of directions that pass near it.
        end = min(a + step, n - 1)
        cloud = xyz[:, begin[a] :]
        bins = 8 * cloud.shape[1]
        right, up = (np.float32(axis[:, a:end].T @ cloud) for axis in (forward, sideways))
        square, taxi = right * right + up * up, np.maximum(np.abs(right) + np.abs(up), 1e-15)
        ahead = up / taxi
        p = np.where(right < 0, np.copysign(np.float32(2), up) - ahead, ahead)
        q = sin_t / np.sqrt(np.maximum(square, sin_t * sin_t))
        half = q * (1 + 0.571 * q * q)
        half = np.where(half < 0.1, half * square / (taxi * taxi) * (1 + 2.3 * half), half)
        half = np.where(q < 0.999999, half, np.float32(4)) + np.float32(1e-6)
        low, high = (((p + side + 1) * (bins / 2)).clip(0, bins) for side in (-half, half))

        # How many windows each bin meets, and so at most how many points are near each circle.
        row = (bins + 2) * np.arange(end - a)[:, None]
        size = (bins + 2) * (end - a)
        steps = np.bincount((row + low.astype(np.int64)).ravel(), minlength=size)
        steps -= np.bincount((row + high.astype(np.int64) + 1).ravel(), minlength=size)
        met = np.cumsum(steps.reshape(end - a, -1), axis=1)
        place = ((p + 1) * (bins / 2)).clip(0, bins - 1).astype(np.int64)
        count = np.take_along_axis(met, place, axis=1)  # the anchor's own window is in all bins
        k, b = np.nonzero(count >= null.min_points)
        i, j, count = a + k, begin[a] + b, count[k, b]
        i, j, count = i[j > i], j[j > i], count[j > i]
        radius = null.radius_index(dot(xyz[:, i], xyz[:, j]))
        good = (radius >= 0) & null.could_pass(radius, within[i, radius], within[j, radius], count)
        i, j = i[good], j[good]
        crowded = np.bincount(i, minlength=n) > FEW
        few.append(np.stack([i, j])[:, ~crowded[i]])
        many.append(np.flatnonzero(crowded))
    i, j = np.concatenate(few, axis=1)
    return i, j, np.concatenate(many)


def _expand(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """All pairs (r, k) with low[k] <= r < high[k]."""
    many = np.maximum(high - low, 0)
    k = np.repeat(np.arange(len(low)), many)
    return np.arange(len(k)) - np.repeat(np.cumsum(many) - many - low, many), k

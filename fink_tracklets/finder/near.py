"""The points near the arcs of lines, which are looked up when a line is grown, and the lines near
points that a tracklet has taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.kernel import disturb_by_kernel, load_kernel, near_by_kernel
from fink_tracklets.finder.lines import BLOCK, WIDER, Asleep, Lines, near_arcs
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.vectors import Array, Ints, circle_normal, dot


def near_points(
    xyz: Array, i: Ints, j: Ints, free: NDArray[np.bool_], null: NullModel
) -> tuple[Ints, Ints]:
    """Which points are near the arcs from points i to points j.

    Parameters
    ----------
    xyz : (3, n) unit vectors
    i, j : (L,) the arcs' ends
    free : (n,) points that are looked at

    Returns
    -------
    count : (L,) how many are near each arc
    points : (sum of count,) these, ascending for each arc
    """
    kernel = load_kernel()
    width = np.sin(null.first_tolerance) * WIDER
    if kernel:
        parts = near_by_kernel(kernel, xyz, i, j, width)
    else:
        parts = near_circles(xyz, i, j, xyz, width)
    none = np.empty(0, dtype=np.int64)
    counts, points = [none], [none]
    for begin, end, line, k in parts:
        near = near_arcs(xyz[:, i[begin:end]], xyz[:, j[begin:end]], line, xyz[:, k], null)
        near &= free[k]
        counts.append(np.bincount(line[near], minlength=end - begin))
        points.append(k[near])
    return np.concatenate(counts), np.concatenate(points)


def lie_near(xyz: Array, i: Ints, j: Ints, members: Ints, null: NullModel) -> NDArray[np.bool_]:
    """Near which of the great circles ``(L,)`` through points i and j some points lie."""
    near = np.zeros(len(i), dtype=bool)
    width = np.sin(null.first_tolerance) * WIDER
    for begin, _, line, _ in near_circles(xyz, i, j, xyz[:, members], width):
        near[begin + line] = True
    return near


def disturb(
    xyz: Array, asleep: Asleep, members: Ints, free: NDArray[np.bool_], null: NullModel
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the lines asleep lie near points that were taken, and which of these may have a
    tracklet among the points that are free.

    Parameters
    ----------
    xyz : (3, n) unit vectors
    asleep : A lines
    members : the points taken
    free : (n,) points that are looked at
    """
    kernel = load_kernel()
    if kernel is None or not asleep.shape[1]:
        return np.zeros(asleep.shape[1], dtype=bool), np.zeros(asleep.shape[1], dtype=bool)
    return disturb_by_kernel(kernel, xyz, asleep, members, free, null)


def lines_between(xyz: Array, i: Ints, j: Ints, null: NullModel) -> Lines:
    """Lines between points i and j, with bounds that leave none out."""
    first, last = xyz[:, i], xyz[:, j]
    radius = null.radius_index(dot(first, last))
    reach = np.cos(null.radii)[radius][:, None]
    within = [
        np.count_nonzero(dot(ends[:, :, None], xyz[:, None]) > reach, axis=1) - 1
        for ends in (first, last)
    ]
    zero = np.zeros(len(i), dtype=np.int64)
    return Lines(
        field=zero,
        i=i,
        j=j,
        radius=radius,
        within_i=within[0],
        within_j=within[1],
        count=zero,
        mean=np.zeros(len(i)),
        bound=np.full(len(i), -np.inf),
    )


def near_circles(
    xyz: Array, i: Ints, j: Ints, cloud: Array, width: float
) -> Iterator[tuple[int, int, Ints, Ints]]:
    """Of some lines, from the first to before the last: pairs (line, point of the cloud) near its
    circle."""
    step = max(1, BLOCK // cloud.shape[1])
    for begin in range(0, len(i), step):
        end = min(begin + step, len(i))
        normal = circle_normal(xyz[:, i[begin:end]], xyz[:, j[begin:end]])
        line, k = np.nonzero(np.abs(normal.T @ cloud) <= width)
        yield begin, end, line, k

"""How dense is it at least beside a line? What makes crowds of artefacts cheap to see through.

In a strip of a thousand artefacts nearly every pair of points is a line. Fitting and judging half a
million of them one by one takes minutes; how crowded their surroundings are is counted here for all
lines from one point at once, and says of nearly all that nothing on them can be significant.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from fink_tracklets.finder.lines import Lines
from fink_tracklets.finder.significance import DENSER, NullModel
from fink_tracklets.finder.spacing import max_evidence
from fink_tracklets.finder.vectors import Array, circle_normal, cross, dot

CROWD = 40
"""Lines from one point that are a crowd; with fewer it is quicker to fit them."""
LEVELS = (2, 3, 4)
"""Which of `NullModel.box_widths` are counted: 40, 80 and 160 tolerances."""
BLOCK = 1_000_000
"""Elements of the largest temporary array."""
MARGIN = 1e-7
"""Error of the places of points [rad]: single precision is enough."""


def see_through(points: Array, lines: Lines, null: NullModel) -> Lines:
    """The lines of a field of ``(n, 3)`` points with `Lines.mean`, and bounds that know of it."""
    mean = least_mean(points, lines, null)
    near = lines.radius, lines.within_i, lines.within_j, lines.count
    bound = null.log10_bound(*near, least_mean=mean) - max_evidence(null.n)[lines.count]
    return replace(lines, mean=mean, bound=bound)


def least_mean(points: Array, lines: Lines, null: NullModel) -> Array:
    """Lower bounds of the points expected by chance on any track from end to end of the lines.

    That is 2 tol L rho, with the local density rho of `local_density`.

    Parameters
    ----------
    points : (n, 3) unit vectors of a field
    lines : of this field

    Returns
    -------
    (L,) zero where few lines share an end
    """
    mean = np.zeros(len(lines.i))
    if len(mean) < CROWD:
        return mean
    # Every line is counted at that of its ends where more lines meet ...
    n = len(points)
    ends = np.stack([lines.i, lines.j])
    many = np.bincount(ends.ravel(), minlength=n)[ends]
    about, other = np.where(many[0] >= many[1], ends, ends[::-1])
    order = np.argsort(about, kind="stable")
    point, first, lines_of = np.unique(about[order], return_index=True, return_counts=True)

    # ... and where enough of them do, all lines from this point are looked at together.
    crowd = lines_of >= CROWD
    xyz = np.ascontiguousarray(points.T)
    for here, start, size in zip(point[crowd], first[crowd], lines_of[crowd], strict=True):
        rows = order[start : start + size]
        for k in range(0, len(rows), step := max(1, BLOCK // n)):
            part = rows[k : k + step]
            mean[part] = _about(xyz, here, other[part], null)
    return mean


def _about(xyz: Array, i: np.int64, j: NDArray[np.int64], null: NullModel) -> Array:
    """`least_mean` of the lines from point i to points j of ``(3, n)``."""
    # All points as seen from i: its distance along the line of sight (`depth`), and its place in a
    # plane through i (`flat`), in which lines from i have a direction and a length.
    widths = null.box_widths[[level for level in LEVELS if level < len(null.box_widths)]]
    anchor = xyz[:, i]
    e1 = circle_normal(anchor, xyz[:, j[0]])
    e2 = cross(anchor, e1)
    depth = dot(anchor[:, None], xyz)
    flat = np.stack([dot(e1[:, None], xyz), dot(e2[:, None], xyz)])
    ends = flat[:, j]
    sine = np.sqrt(dot2(ends, ends))
    direction = ends / sine
    length = np.arctan2(sine, depth[j])

    # The points that may lie in a box of any of the lines: near the lines' mean direction, by how
    # much they turn away from it at most, and no further away than the longest of them::
    #
    #              aside <= turn * distance + w
    #          . - - - - - - - - - - - - - - - - -
    #       i ------------------------------------  mean direction, to the furthest j
    #          ` - - - - - - - - - - - - - - - - -
    sense = np.where(dot2(direction[:, :1], direction) < 0, -1.0, 1.0)
    middle = (sense * direction).mean(axis=1)
    turn = np.sqrt(dot2(*2 * [sense * direction - middle[:, None]]).max())
    distance = np.sqrt(dot2(flat, flat))
    aside = np.abs(middle[0] * flat[1] - middle[1] * flat[0])
    near = (aside <= turn * distance + widths[-1]) & (distance <= sine.max()) & (depth > 0)

    # Places (lines, points) along and across each line, NaN before its start and beyond its end.
    x, y = flat[:, near].astype(np.float32)
    c, s = direction.astype(np.float32)[:, :, None]
    across = c * y - s * x
    along = (c * x + s * y) / depth[near].astype(np.float32)
    across[(along < 0) | (along > np.tan(length)[:, None].astype(np.float32))] = np.nan

    # Boxes that lie inside those of `local_density` whichever way the track bends: it leaves the
    # line by `bend` at most. What they hold, the boxes of `local_density` hold at least.
    bend = null.max_curvature * length**2 / 8 + 2 * null.tolerance + MARGIN
    inner = (3 * null.tolerance + bend).astype(np.float32)[:, None]
    floor = np.full((2, len(j)), null.density)
    for width in widths[::-1]:
        outer = (width - bend).astype(np.float32)[:, None]
        counted = np.stack(
            [
                np.count_nonzero((across > inner) & (across < outer), axis=1),
                np.count_nonzero((across < -inner) & (across > -outer), axis=1),
            ]
        )
        area = (width - 3 * null.tolerance) * (length + 2 * width)
        # Along its chain a box either raises the density, or that was not lower than `enough`.
        raised = (counted + np.sqrt(counted)) / (area + 0.5 / floor)
        enough = gammaincinv(np.maximum(counted, 1), DENSER) / area
        floor = np.maximum(floor, np.where(counted > 0, np.minimum(raised, enough), 0.0))
    return np.asarray(2 * null.tolerance * length * floor.max(axis=0))


def dot2(a: Array, b: Array) -> Array:
    """Scalar products of vectors ``(2, ...)``."""
    return np.asarray(a[0] * b[0] + a[1] * b[1])

"""Candidate lines: pairs of points with others near the great-circle arc between them.

A pair (i, j) is a line when the points within T of its great circle and between its ends are so
many that a tracklet from i to j may be significant (`NullModel.could_pass`). `search` and `kernel`
find pairs that may be lines; here they are confirmed by exact distances::

                 o
        . . . . . . . . . . . .   T
        i ------ o ------------ j       a line of four points: i, j and two between them
        . . . . . . . .o. . . .   T
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.spacing import max_evidence
from fink_tracklets.finder.vectors import Array, Ints, circle_normal, dot

BLOCK = 200_000
"""Elements of the largest temporary array."""
WIDER = 1 + 1e-6
"""Windows in which points near an arc are sought, relative to T: covers the rounding."""
MAX_WORK = 420_000_000
"""Points near all lines of an exposure, from which on it is given up: the work that it is."""

Asleep = NDArray[np.int32]
"""(2, A) ends of lines whose set, grown from all points, is surely no tracklet (`kernel_grown.h`):
they are looked at again when a tracklet has taken points near them."""


@dataclass(frozen=True)
class Lines:
    """Pairs of points of some fields, and what is near the arcs between them."""

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
    mean: Array
    """(L,) chance points expected on any track from end to end, at least."""
    bound: Array
    """(L,) log10 NFA of any set of points from end to end, at least; infinite for lines asleep."""

    def take(self, rows: Ints | NDArray[np.bool_]) -> Lines:
        """Some of the lines."""
        return Lines(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @staticmethod
    def join(parts: list[Lines]) -> Lines:
        """All lines, in order of field, i and j."""
        if not parts:
            none: dict[str, Any] = {f.name: np.empty(0, dtype=np.int64) for f in fields(Lines)}
            return Lines(**none)
        whole = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Lines)}
        order = np.lexsort((whole["j"], whole["i"], whole["field"]))
        return Lines(**whole).take(order)


@dataclass(frozen=True)
class Pairs:
    """P pairs that may be lines, by their points' numbers."""

    field: Ints
    """(P,) row of `fields`."""
    i: Ints
    """(P,) one point of each."""
    j: Ints
    """(P,) the other point, of a smaller or a larger number."""
    radius: Ints
    """(P,) separation, as an index into `NullModel.radii`."""
    within_i: Ints
    """(P,) other points nearer to i than that radius."""
    within_j: Ints
    """(P,) other points nearer to j than that radius."""


def confirm(
    pairs: Pairs, first: Array, last: Array, line: Ints, cloud: Array, null: NullModel
) -> Lines:
    """The lines among the pairs.

    Parameters
    ----------
    pairs : P pairs
    first, last : (3, P) their points, or (3, 1)
    line : (K,) of points that may lie near an arc, the pair
    cloud : (3, K) these points
    """
    # With the exact number of points: could a tracklet from end to end be significant?
    near = near_arcs(first, last, line, cloud, null)
    count = np.bincount(line[near], minlength=len(pairs.i))
    good = null.could_pass(pairs.radius, pairs.within_i, pairs.within_j, count)

    # The lines that could, their ends in order of number.
    swap = (pairs.i > pairs.j)[good]
    both = np.stack([pairs.i, pairs.j])[:, good]
    near_ends = np.stack([pairs.within_i, pairs.within_j])[:, good]
    radius, count = pairs.radius[good], count[good]
    return Lines(
        field=pairs.field[good],
        i=both.min(axis=0),
        j=both.max(axis=0),
        radius=radius,
        within_i=np.where(swap, near_ends[1], near_ends[0]),
        within_j=np.where(swap, near_ends[0], near_ends[1]),
        count=count,
        mean=np.zeros(len(count)),
        bound=null.log10_bound(radius, near_ends[0], near_ends[1], count)
        - max_evidence(null.n)[count],
    )


def near_arcs(
    first: Array, last: Array, line: Ints, cloud: Array, null: NullModel
) -> NDArray[np.bool_]:
    """(K,) which points are near the arc of their pair, see `confirm`: within T of the circle, and
    nearer to each end than the other end is."""
    cosine = dot(first, last)
    normal, first = circle_normal(first, last), np.broadcast_to(first, last.shape)
    near = np.abs(dot(normal[:, line], cloud)) <= np.sin(null.first_tolerance)
    near &= dot(first[:, line], cloud) >= cosine[line]
    near &= dot(last[:, line], cloud) >= cosine[line]
    return near


def neighbours_within(xyz: Array, null: NullModel) -> Ints:
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

"""From candidate lines to sets of points on one parabola, as arrays over all lines at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.light import Light
from fink_tracklets.finder.lines import Lines
from fink_tracklets.finder.significance import MIN_RESOLVED, NullModel
from fink_tracklets.finder.spacing import max_evidence
from fink_tracklets.finder.track import Track, plausible, resolve, spacing
from fink_tracklets.finder.vectors import Array, Ints, along_across_track

BLOCK = 400_000
"""Elements of the largest temporary array."""
EXTEND_BELOW = 1.0
"""log10 NFA above the threshold up to which a set may be extended to pass it."""
BENDS = 32
"""Curvatures on either side of straight with which points may agree."""
CAPTURES = 10
"""Rounds of the fit that may add points; later rounds only drop them, so that all fits end."""


@dataclass(frozen=True, eq=False)
class Sets:
    """S sets of points, each along a line with up to c points near its arc."""

    line: Ints
    """(S,) the line, as a row of the `Lines`."""
    points: Ints
    """(S, c) the points near the arc, in order along it."""
    exist: NDArray[np.bool_]
    """(S, c) which of them there are: the first ones, see `padded`."""
    along: Array
    """(S, c) distance along the line from its first end [rad]."""
    across: Array
    """(S, c) distance from the line [rad]."""
    ends: NDArray[np.bool_]
    """(S, c) the two end points of the line."""
    length: Array
    """(S,) length of the line [rad]."""
    members: NDArray[np.bool_]
    """(S, c) the points of the set."""
    curve: Array
    """(S, 4) coefficients of the parabola through the members, in u; see `Track`."""

    def take(self, rows: Ints | NDArray[np.bool_]) -> Sets:
        """Some of the sets."""
        return Sets(**{field.name: getattr(self, field.name)[rows] for field in fields(Sets)})

    def hold_ends(self) -> NDArray[np.bool_]:
        """(S,) whether both ends of the line are members."""
        return np.asarray((self.members | ~self.ends).all(axis=1))


def grow(
    xyz: Array, lines: Lines, points: Ints, null: NullModel, light: Light | None = None
) -> Iterator[tuple[int, Track]]:
    """The sets of points on one parabola from end to end of the lines.

    Parameters
    ----------
    xyz : (3, n) unit vectors
    lines : candidate lines of this field
    points : (sum of count,) the points near each
    light : the field's magnitudes, if known

    Yields
    ------
    line : row of `lines`
    track : a set that may pass the threshold; its log10_nfa is a lower bound
    """
    start = np.cumsum(lines.count) - lines.count
    # Lines with nearly equally many points are one array (S, c), in parts that fit the memory.
    places = padded(lines.count)
    for width in np.unique(places):
        rows = np.flatnonzero(places == width)
        step = max(1, BLOCK // max(int(width), 2 * BENDS + 2))
        for part in (rows[k : k + step] for k in range(0, len(rows), step)):
            exist = np.arange(width) < lines.count[part][:, None]
            place = start[part][:, None] + np.where(exist, np.arange(width), 0)
            yield from _grow(_on_lines(xyz, lines, part, points[place], exist), lines, null, light)


def padded(count: Ints) -> Ints:
    """Places for so many points: of 8, 12, 16, 24, 32 and so on the next.

    Sums over different numbers of places are rounded differently: how many there are depends on the
    line alone, and never on those that are looked at together with it.
    """
    octave = 2 ** np.maximum(np.ceil(np.log2(np.maximum(count, 1))).astype(np.int64), 3)
    return np.where((count <= 3 * octave // 4) & (octave > 8), 3 * octave // 4, octave)


def _on_lines(xyz: Array, lines: Lines, rows: Ints, points: Ints, exist: NDArray[np.bool_]) -> Sets:
    """The points ``(S, c)`` near the arcs of the lines `rows`, in their coordinates; no members."""
    i, j = lines.i[rows], lines.j[rows]
    along, across, length = along_across_track(xyz[:, points], xyz[:, i], xyz[:, j])
    # The ends are at the ends, exactly: nothing comes before or after them in order.
    first, last = (points == i[:, None]) & exist, (points == j[:, None]) & exist
    along[first] = 0.0
    along = np.where(last, length[:, None], along)
    order = np.argsort(np.where(exist, along, np.inf), axis=1, kind="stable")
    along, across, ends, points = (
        np.take_along_axis(a, order, axis=1) for a in (along, across, first | last, points)
    )
    return Sets(
        line=rows,
        points=points,
        exist=exist,
        along=along,
        across=across,
        ends=ends,
        length=length,
        members=np.zeros(points.shape, dtype=bool),
        curve=np.zeros((len(rows), 4)),
    )


def _grow(
    sets: Sets, lines: Lines, null: NullModel, light: Light | None
) -> Iterator[tuple[int, Track]]:
    """`grow` for lines with the same number of places for points."""
    limit, evidence = np.log10(null.threshold) + EXTEND_BELOW, max_evidence(null.n)
    # Sets of the points that may lie on one parabola at all, if as many could be significant.
    most, members = agree(sets, null)
    rows = sets.line
    may = null.could_pass(lines.radius[rows], lines.within_i[rows], lines.within_j[rows], most)
    may &= _bound(lines, sets, most, null) < limit + evidence[most]
    if not may.any():
        return
    sets = replace(sets, members=members).take(may)

    # Those that remain a set from end to end under a fitted parabola, bent as orbits allow.
    sets = refine(sets, null)
    sets = sets.take(sets.hold_ends() & plausible(null, sets.curve, sets.length))

    # Those that could come near the threshold with the best spacing of so many points, ...
    sizes = sets.members.sum(axis=1)
    sets = sets.take(_bound(lines, sets, sizes, null) < limit + evidence[sizes])

    # ... and with the spacing and the magnitudes that they have.
    resolved = resolve(sets.along, sets.members, null.first_tolerance)
    n_resolved, known = spacing(sets.along, resolved, null)
    if light is not None:
        known += light.evidence(light.counts(sets.points, resolved))
        known = np.minimum(known, evidence[n_resolved])
    bound = _bound(lines, sets, n_resolved, null) - known
    good = (n_resolved >= MIN_RESOLVED) & (bound < limit)
    for k in np.flatnonzero(good):
        track = Track(sets.points[k][sets.members[k]], sets.curve[k], float(bound[k]))
        yield int(sets.line[k]), track


def _bound(lines: Lines, sets: Sets, resolved: Ints, null: NullModel) -> Array:
    """`NullModel.log10_bound` of tracks with so many resolved points on the lines of sets."""
    rows = sets.line
    return null.log10_bound(
        radius=lines.radius[rows],
        within_i=lines.within_i[rows],
        within_j=lines.within_j[rows],
        count=resolved,
        members=lines.count[rows],
        least_mean=lines.mean[rows],
    )


def agree(sets: Sets, null: NullModel) -> tuple[Ints, NDArray[np.bool_]]:
    """The parabola from end to end that most points agree with.

    A parabola that passes within tol of both ends differs by at most tol from
    ``c along (length - along)``: a point within tol of it limits c to an interval, and as many
    points can lie on one such parabola as intervals have a common c. They are counted at
    `BENDS` equidistant c on either side of straight, up to `max_curvature` or, on longer lines, to
    what keeps a seventh of the line at either end among the points near it.

    Returns
    -------
    count : (S,) points that may lie on one parabola bent by no more, the ends included: all whose
        intervals meet between two neighbouring c
    members : (S, c) the points that agree with the c which most agree with: the first such, and the
        middle one of those that follow it
    """
    weight = sets.along * (sets.length[:, None] - sets.along)
    reach = 2 * null.tolerance
    widest = np.minimum(8 * (null.first_tolerance + reach) / sets.length**2, null.max_curvature / 2)
    # The first and the last c of each point, counted from 0 at the most negative one; a point so
    # near an end that it tells nothing of c allows all.
    last = 2 * BENDS
    scale = (BENDS / widest)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.clip((sets.across - reach) / weight * scale + BENDS, -0.5, last + 0.5)
        high = np.clip((sets.across + reach) / weight * scale + BENDS, -0.5, last + 0.5)
    tells = (weight > 0) & ~sets.ends
    low, high = np.where(tells, low, 0.0), np.where(tells, high, last)
    begin, end = np.ceil(low).astype(np.int64), np.floor(high).astype(np.int64)
    allows = sets.exist & (begin <= end)

    # How many begin at each c or before, and how many have ended before it.
    row, place = np.nonzero(allows)

    def up_to(at: Ints) -> Ints:
        places = row * (last + 2) + at[row, place]
        counts = np.bincount(places, minlength=len(at) * (last + 2))
        return np.cumsum(counts.reshape(-1, last + 2), axis=1)

    begun, ended = up_to(begin), up_to(end + 1)
    inside = (begun - ended)[:, :-1]
    best = np.argmax(inside, axis=1)[:, None]
    fewer = inside < np.take_along_axis(inside, best, axis=1)
    fewer &= np.arange(last + 1) > best
    behind = np.where(fewer.any(axis=1), np.argmax(fewer, axis=1), last + 1)[:, None]
    middle = (best + behind - 1) // 2
    count = (begun[:, 1:-1] - ended[:, :-2]).max(axis=1)
    return count, allows & (begin <= middle) & (middle <= end)


def refine(sets: Sets, null: NullModel) -> Sets:
    """Least-squares parabolas through the members, which become all points within the tolerance.

    Returns
    -------
    The sets that ended with enough points, with these as members and their curve.
    """
    u = 2 * sets.along / sets.length[:, None] - 1
    members = sets.members.copy()
    curve = np.zeros((len(u), 4))
    done = np.zeros(len(u), dtype=bool)
    active = np.arange(len(u))
    rounds = 0
    # In every round the sets that no longer change are done, those too small are given up.
    while len(active):
        across, old = sets.across[active], members[active]
        c = parabola(u[active], across, old)
        fit = (c[:, 2:3] * u[active] + c[:, 1:2]) * u[active] + c[:, :1]
        new = (np.abs(across - fit) <= null.tolerance) & sets.exist[active]
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
    return replace(sets, members=members, curve=curve).take(done)


def parabola(u: Array, across: Array, members: NDArray[np.bool_]) -> Array:
    """Coefficients ``(S, 3)`` of least-squares parabolas through the members, all ``(S, c)``."""
    # The normal equations' matrix of sums of powers of u, of all sets at once ...
    w = members.astype(float)
    powers = [w]
    for _ in range(4):
        powers.append(powers[-1] * u)
    s0, s1, s2, s3, s4 = (p.sum(axis=1) for p in powers)
    t0, t1, t2 = ((p * across).sum(axis=1) for p in powers[:3])

    # ... and their solution by the inverse of a symmetric 3 x 3 matrix: cofactors over determinant.
    a, b, c = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
    d, e, f = s0 * s4 - s2 * s2, s1 * s2 - s0 * s3, s0 * s2 - s1 * s1
    det = s0 * a + s1 * b + s2 * c
    det = np.where(det > 1e-9 * s0**3, det, np.nan)  # all at two places: no parabola
    return np.asarray(
        np.stack([a * t0 + b * t1 + c * t2, b * t0 + d * t1 + e * t2, c * t0 + e * t1 + f * t2], 1)
        / det[:, None]
    )

"""The default finder: tracklets that chance does not explain, most significant first.

1. `search`: pairs of points with so many others near the arc between them that a tracklet from one
   to the other may be significant.
2. `grow`: on each line, the parabola from end to end that most points agree with, fitted to them;
   both ends must stay in the set. Any part of a tracklet is a line, so the best part is too.
3. `Field.tracklets`: the most significant set is extended along its curve as long as that makes it
   more significant, and is a tracklet when its number of false alarms is below the threshold. Its
   points are taken: lines that end at one of them are no more, the others grow from the points that
   are left, and so on. A line is grown when no set that is known is better than it may become: of
   the many lines in a long tracklet most are never looked at.
4. `join`: pieces of one track are one tracklet.

An exposure's result depends on its own points only, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.crowds import see_through
from fink_tracklets.finder.grow import EXTEND_BELOW, grow
from fink_tracklets.finder.join import filled, join, part
from fink_tracklets.finder.light import Light
from fink_tracklets.finder.lines import Asleep, Lines
from fink_tracklets.finder.near import disturb, lie_near, lines_between, near_points
from fink_tracklets.finder.search import candidate_lines, load_kernel
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.track import CUBIC_FROM, Track, beside, fit_track, score
from fink_tracklets.finder.vectors import Array
from fink_tracklets.survey import Survey

AT_ONCE = 12
"""Sets scored and lines grown together, at first; twice as many each time until the best is known.
"""
BLOCK = 400_000
"""Elements of the largest temporary array."""
REACH = 0.5
"""How far beyond its ends, in its own lengths, a track looks for more points in one step."""
CURVE_ERROR = 4.0
"""Growth of a parabola's error beyond its ends, in tolerances, for one point."""
MAX_STEPS = 50
WOKEN = 1000
"""Lines asleep that are grown together when tracklets have taken points of theirs."""
Entry = tuple[tuple[float, bool, int, tuple[int, ...]], int, Track]
"""A track with its `Track.order` and its line, which decides between equal ones; lines asleep are
counted after all others."""


def link(
    points: Array,
    exposures: NDArray[np.int64],
    survey: Survey,
    magnitudes: Array | None = None,
) -> tuple[NDArray[np.int64], Array, list[int]]:
    """Link points into significant tracklets.

    Parameters
    ----------
    points : (n, 3) unit vectors, those of one exposure side by side
    exposures : (n,) a number for each exposure, ascending
    survey : its field and its finder's limits
    magnitudes : (n,) of the points, if known; NaN for those without

    Returns
    -------
    label : (n,) for each point the number of its tracklet, counted over all exposures, or -1
    log10_nfa : (K,) of each tracklet, the expected number of chance tracklets as good in its
        exposure
    given_up : the exposures whose search was too much work (`lines.MAX_WORK`); none of their points
        belongs to a tracklet
    """
    label = np.full(len(points), -1)
    scores: list[float] = []
    given_up: list[int] = []
    first = np.flatnonzero(np.diff(exposures, prepend=-1))
    counts = np.diff(first, append=len(exposures))
    for size in np.unique(counts[counts >= survey.finder.min_points]):
        # Exposures with equally many points have one null model, and are one array of fields.
        null = NullModel.of(survey, int(size))
        starts = first[counts == size]
        fields = points[starts[:, None] + np.arange(size)]
        too_much: set[int] = set()
        for e, lines, asleep in lines_by_field(fields, null, too_much):
            here = slice(starts[e], starts[e] + size)
            light = None if magnitudes is None else Light.from_magnitudes(magnitudes[here])
            for track in Field(null, fields[e], lines, asleep, light).tracklets():
                label[starts[e] + track.members] = len(scores)
                scores.append(track.log10_nfa)
        given_up += [int(exposures[starts[e]]) for e in too_much]
    return label, np.array(scores), sorted(given_up)


def lines_by_field(
    points: Array, null: NullModel, given_up: set[int]
) -> Iterator[tuple[int, Lines, Asleep]]:
    """The lines of each of the fields ``(E, n, 3)`` that has any and is not `given_up`."""
    parts: list[Lines] = []
    asleep: list[NDArray[np.int32]] = []
    for some in candidate_lines(points, null, given_up):
        awake = np.isfinite(some.bound)
        parts.append(some.take(awake))
        sleepers = [getattr(some, name)[~awake] for name in ("field", "i", "j")]
        asleep.append(np.stack(sleepers).astype(np.int32))
        if given_up:  # what they have listed until then is much
            parts = [p.take(np.flatnonzero(~np.isin(p.field, list(given_up)))) for p in parts]
            asleep = [a[:, ~np.isin(a[0], list(given_up))] for a in asleep]
    lines = Lines.join(parts)
    pairs = np.concatenate([np.empty((3, 0), np.int32), *asleep], axis=1)
    bounds, pair_bounds = (
        np.searchsorted(field, np.arange(len(points) + 1)) for field in (lines.field, pairs[0])
    )
    for e in np.flatnonzero(np.diff(bounds)):
        if int(e) not in given_up:
            mine = lines.take(np.arange(bounds[e], bounds[e + 1]))
            mine_asleep = pairs[1:, pair_bounds[e] : pair_bounds[e + 1]]
            yield (
                int(e),
                mine if load_kernel() else see_through(points[e], mine, null),
                mine_asleep,
            )


class Field:
    """One exposure while its tracklets are picked."""

    def __init__(
        self,
        null: NullModel,
        points: Array,
        lines: Lines,
        asleep: Asleep,
        light: Light | None = None,
    ) -> None:
        self.null = null
        self.light = light
        self.xyz = np.ascontiguousarray(points.T)
        self.taken = np.zeros(len(points), dtype=bool)
        self.limit = np.log10(null.threshold) + EXTEND_BELOW
        """log10 NFA from which on sets are of no interest."""
        self.asleep = asleep
        # The lines, the most promising first.
        self.lines = lines.take(np.argsort(lines.bound, kind="stable"))
        self.waiting = self.lines.bound < self.limit
        """(lines,) those not grown from the points that are free now."""
        self.next = 0
        """No line before this one is waiting."""
        self.heap: list[Entry] = []
        """Sets still in the game, by `Track.order`; those not scored yet have a lower bound as
        log10_nfa."""

    def tracklets(self) -> list[Track]:
        """All significant tracklets, in order of significance."""
        found: list[Track] = []
        threshold = np.log10(self.null.threshold)
        while self._find_best() and self.heap[0][-1].log10_nfa < self.limit:
            best = self._extend(heappop(self.heap)[-1])
            if best.log10_nfa < threshold:
                for track in part(self.null, self.xyz, best, self.light):
                    found.append(filled(self.null, self.xyz, track, ~self.taken))
                    self._take(found[-1].members)
        return join(self.null, self.xyz, found, ~self.taken)

    def _find_best(self) -> bool:
        """Put the most significant set first: grow and score all that may be better."""
        grown = scored = AT_ONCE
        while True:
            best = self.heap[0][-1] if self.heap else None
            if self._may_grow(best):
                self._grow(grown)
                grown = 2 * grown
            elif best is None or best.scored:
                return best is not None
            else:
                self._score(scored)
                scored = min(2 * scored, max(AT_ONCE, BLOCK // self.xyz.shape[1]))

    def _may_grow(self, best: Track | None) -> bool:
        """Whether a line that waits may become a set as good as the best one."""
        waiting = self.waiting[self.next :]
        self.next += int(np.argmax(waiting)) if waiting.any() else len(waiting)
        if self.next == len(self.waiting):
            return False
        return best is None or bool(self.lines.bound[self.next] <= best.log10_nfa)

    def _grow(self, at_once: int) -> None:
        """Grow so many of the lines that wait, the most promising first."""
        rows = self.next + np.flatnonzero(self.waiting[self.next :])[:at_once]
        self.waiting[rows] = False
        self._grow_lines(self.lines.take(rows), rows)

    def _grow_lines(self, lines: Lines, names: NDArray[np.int64]) -> None:
        """Put the sets of lines among those in the game."""
        count, points = near_points(self.xyz, lines.i, lines.j, ~self.taken, self.null)
        lines = replace(lines, count=count)
        for row, track in grow(self.xyz, lines, points, self.null, self.light):
            heappush(self.heap, (track.order(), int(names[row]), track))

    def _score(self, at_once: int) -> None:
        """Score the first sets, up to one that is scored."""
        batch: list[Entry] = []
        while self.heap and len(batch) < at_once and not self.heap[0][-1].scored:
            batch.append(heappop(self.heap))
        tracks = score(self.null, self.xyz, [track for *_, track in batch], self.light)
        for (_, row, _), track in zip(batch, tracks, strict=True):
            heappush(self.heap, (track.order(), row, track))

    def _take(self, members: NDArray[np.int64]) -> None:
        """Take points away from all sets; lines that lost some grow anew when it is their turn.

        A set is always what its line grows from the points that are free: which lines were grown
        before does not matter.
        """
        self.taken[members] = True
        lines = self.lines
        touched = lie_near(self.xyz, lines.i, lines.j, members, self.null)
        self.waiting |= touched & (lines.bound < self.limit)
        self.waiting &= ~(self.taken[lines.i] | self.taken[lines.j])
        # Of the lines asleep, few are worth to be grown, and are so at once.
        disturbed, awake = disturb(self.xyz, self.asleep, members, ~self.taken, self.null)
        touched = np.append(touched, disturbed)
        self.heap, self.next = [entry for entry in self.heap if not touched[entry[1]]], 0
        heapify(self.heap)
        rows = np.flatnonzero(awake)
        for k in range(0, len(rows), WOKEN):
            some = rows[k : k + WOKEN]
            i, j = self.asleep[:, some].astype(np.int64)
            self._grow_lines(lines_between(self.xyz, i, j, self.null), len(lines.i) + some)

    def _extend(self, track: Track) -> Track:
        """The most significant of the track and of those it becomes along its curve.

        On the way from a piece to the whole the significance may fall: the points that are still
        to come lie beside the great circle through the piece, and count as its surroundings.
        """
        best = track
        for _ in range(MAX_STEPS):
            degrees = (2, 3) if len(track.members) >= CUBIC_FROM else (2,)
            longer = [t for degree in degrees if (t := self._longer(track, degree)) is not None]
            if not longer:
                break
            track = min(longer, key=Track.order)
            best = min(best, track, key=Track.order)
        return best

    def _longer(self, track: Track, degree: int) -> Track | None:
        """The track with all free points within the tolerance, up to `REACH` beyond its ends."""
        fitted = track if degree == 2 else fit_track(self.null, self.xyz, track.members, degree)
        if fitted is None:
            return None
        # All free points near the curve, and near the curve drawn out, become members.
        u, offset = beside(self.xyz, fitted)
        over = np.maximum(np.abs(u) - 1, 0)
        # The curve's own error beyond its ends grows with the square of the distance.
        error = CURVE_ERROR * over * (1 + over) / np.sqrt(len(track.members))
        tolerance = self.null.tolerance * (1 + error)
        near = (np.abs(offset) <= tolerance) & (over <= 2 * REACH) & ~self.taken
        near[track.members] = True
        if np.count_nonzero(near) == len(track.members):
            return None
        longer = fit_track(self.null, self.xyz, np.flatnonzero(near), degree, drop=True)
        if longer is None or len(longer.members) <= len(track.members):
            return None
        return score(self.null, self.xyz, [longer], self.light)[0]

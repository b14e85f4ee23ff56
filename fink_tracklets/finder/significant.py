"""The default finder: tracklets that chance does not explain, most significant first.

1. `lines`: pairs of points with so many others near the arc between them that a tracklet from one
   to the other may be significant.
2. `grow`: on each line, the parabola from end to end that most points agree with, fitted to them;
   both ends must stay in the set. Any part of a tracklet is a line, so the best part is too.
3. `Field.tracklets`: the most significant set is extended along its curve as long as that makes it
   more significant, and is a tracklet when its number of false alarms is below the threshold. Its
   points are taken from all other sets, which are fitted and judged anew, and so on.
4. Tracklets are one when one smooth curve explains both.

An exposure's result depends on its own points only, bit for bit.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.grow import EXTEND_BELOW, grow
from fink_tracklets.finder.search import candidate_lines
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.track import Track, beside, fit_track, score
from fink_tracklets.finder.vectors import Array
from fink_tracklets.survey import Survey

SCORED_FIRST = 12
"""Sets scored together, at first; twice as many each time that the best is still a bound."""
BLOCK = 400_000
"""Elements of the largest temporary array."""
REACH = 0.5
"""How far beyond its ends, in its own lengths, a track looks for more points in one step."""
CUBIC_FROM = 10
"""Points from which a track may bend more at one end than at the other."""
CURVE_ERROR = 4.0
"""Growth of a parabola's error beyond its ends, in tolerances, for one point."""
MAX_STEPS = 50
Entry = tuple[tuple[float, bool, int, tuple[int, ...]], int, Track]
"""A track with its `Track.order` and its number, which decides between equal ones."""


def link(
    points: Array, exposures: NDArray[np.int64], survey: Survey
) -> tuple[NDArray[np.int64], Array]:
    """Link points into significant tracklets.

    Parameters
    ----------
    points : (n, 3) unit vectors, those of one exposure side by side
    exposures : (n,) a number for each exposure, ascending
    survey : its field and its finder's limits

    Returns
    -------
    label : (n,) for each point the number of its tracklet, counted over all exposures, or -1
    log10_nfa : (K,) of each tracklet, the expected number of chance tracklets as good in its
        exposure
    """
    label = np.full(len(points), -1)
    scores: list[float] = []
    _, first, counts = np.unique(exposures, return_index=True, return_counts=True)
    for size in np.unique(counts[counts >= survey.finder.min_points]):
        # Exposures with equally many points have one null model, and are one array of fields.
        null = NullModel.of(survey, int(size))
        starts = first[counts == size]
        fields = points[starts[:, None] + np.arange(size)]
        grown: dict[int, list[Track]] = {}
        for lines in candidate_lines(fields, null):
            for e, track in grow(fields, lines, null):
                grown.setdefault(e, []).append(track)
        # The tracks of each exposure compete for its points.
        for e in sorted(grown):
            for track in Field(null, fields[e], grown[e]).tracklets():
                label[starts[e] + track.members] = len(scores)
                scores.append(track.log10_nfa)
    return label, np.array(scores)


class Field:
    """One exposure while its tracklets are picked."""

    def __init__(self, null: NullModel, points: Array, tracks: list[Track]) -> None:
        self.null = null
        self.xyz = np.ascontiguousarray(points.T)
        self.taken = np.zeros(len(points), dtype=bool)
        self.heap: list[Entry] = []
        """Sets still in the game, by `Track.order`; those not scored yet have a lower bound as
        log10_nfa."""
        self._play(tracks)

    def tracklets(self) -> list[Track]:
        """All significant tracklets, in order of significance."""
        found: list[Track] = []
        threshold = np.log10(self.null.threshold)
        while self._score_best() and self.heap[0][-1].log10_nfa < threshold + EXTEND_BELOW:
            best = self._extend(heappop(self.heap)[-1])
            if best.log10_nfa < threshold:
                found.append(best)
                self._take(best.members)
        return self._join(found)

    def _play(self, tracks: list[Track]) -> None:
        self.heap = [(track.order(), k, track) for k, track in enumerate(tracks)]
        heapify(self.heap)

    def _score_best(self) -> bool:
        """Put the most significant set first, scoring those whose bound is no worse."""
        at_once = SCORED_FIRST
        while self.heap and not self.heap[0][-1].scored:
            batch: list[Entry] = []
            while self.heap and len(batch) < at_once and not self.heap[0][-1].scored:
                batch.append(heappop(self.heap))
            tracks = score(self.null, self.xyz, [track for *_, track in batch])
            for (_, k, _), track in zip(batch, tracks, strict=True):
                heappush(self.heap, (track.order(), k, track))
            at_once = min(2 * at_once, max(SCORED_FIRST, BLOCK // self.xyz.shape[1]))
        return len(self.heap) > 0

    def _take(self, members: NDArray[np.int64]) -> None:
        """Take points away from all sets; what remains of a set is fitted anew."""
        self.taken[members] = True
        rest = []
        for *_, track in sorted(self.heap, key=itemgetter(0, 1)):
            free = track.members[~self.taken[track.members]]
            if len(free) == len(track.members):
                rest.append(track)
            elif len(free) >= self.null.min_points:
                remainder = fit_track(self.null, self.xyz, free)
                if remainder is not None:
                    rest.append(remainder)
        self._play(list({tuple(track.members.tolist()): track for track in rest}.values()))

    def _extend(self, track: Track) -> Track:
        """The track with the points that lie on its curve, as long as they make it better."""
        for _ in range(MAX_STEPS):
            for degree in (2, 3) if len(track.members) >= CUBIC_FROM else (2,):
                longer = self._longer(track, degree)
                if longer is not None and longer.log10_nfa < track.log10_nfa:
                    track = longer
                    break
            else:
                break
        return track

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
        return None if longer is None else score(self.null, self.xyz, [longer])[0]

    def _join(self, found: list[Track]) -> list[Track]:
        """The tracklets, those on one smooth curve as one."""
        for a, one in enumerate(found):
            for b in range(a + 1, len(found)):
                both = np.concatenate([one.members, found[b].members])
                joint = fit_track(self.null, self.xyz, both, degree=3)
                if joint is not None:
                    (joint,) = score(self.null, self.xyz, [joint])
                    if joint.log10_nfa < one.log10_nfa:
                        rest = [t for k, t in enumerate(found) if k not in (a, b)]
                        return self._join(sorted([*rest, joint], key=Track.order))
        return found

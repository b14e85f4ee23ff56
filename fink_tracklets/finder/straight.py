"""Straight lines of three points or more that chance may have made: what else speaks for them?

A parabola passes any three points, so three are a line here only within the tolerance of one great
circle. Few points: every pair meets every point, in one array.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fink_tracklets.finder.light import Light
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.track import Track, score
from fink_tracklets.finder.vectors import Array, Ints, along_across_track, dot
from fink_tracklets.survey import Survey

POINTS = 3
"""Resolved points of a line, at least."""


def link_straight(
    points: Array, exposures: Ints, survey: Survey, magnitudes: Array | None = None
) -> tuple[Ints, Array, list[int]]:
    """The straight lines of exposures of few points, each point in one at most.

    Parameters and results are those of `significant.link`; none is given up.
    """
    label = np.full(len(points), -1)
    scores: list[float] = []
    first = np.flatnonzero(np.diff(exposures, prepend=-1))
    for part in np.split(np.arange(len(points)), first[1:]):
        light = None if magnitudes is None else Light.from_magnitudes(magnitudes[part])
        for track in _lines(points[part], NullModel.of(survey, len(part)), light):
            label[part[track.members]] = len(scores)
            scores.append(track.log10_nfa)
    return label, np.array(scores), []


def _lines(points: Array, null: NullModel, light: Light | None) -> Iterator[Track]:
    """The lines of one exposure ``(n, 3)``, the most significant first."""
    xyz = np.ascontiguousarray(points.T)
    i, j = np.triu_indices(len(points), 1)
    far = dot(xyz[:, i], xyz[:, j]) <= np.cos(null.min_separation)
    i, j = i[far], j[far]
    along, across, length = along_across_track(xyz[:, None], xyz[:, i], xyz[:, j])
    near = (np.abs(across) <= null.tolerance) & (along > 0) & (along < length[:, None])
    rows = np.flatnonzero(near.sum(axis=1) >= POINTS - 2)
    if not len(rows):
        return
    near[np.arange(len(i)), i] = near[np.arange(len(i)), j] = True
    along[np.arange(len(i)), i], along[np.arange(len(i)), j] = 0.0, length
    order = np.argsort(np.where(near, along, np.inf)[rows], axis=1, kind="stable")
    straight = np.zeros(4)
    tracks = [
        Track(order[k, : near[row].sum()], straight, -np.inf) for k, row in enumerate(rows)
    ]
    taken = np.zeros(len(points), dtype=bool)
    for track in sorted(score(null, xyz, tracks, light, POINTS), key=Track.order):
        if track.log10_nfa < np.log10(null.threshold) and not taken[track.members].any():
            taken[track.members] = True
            yield track

"""Straight lines of three points or more, in exposures of few.

A parabola passes any three points, so a line of three is one only within the tolerance of a great
circle. That is no loss: what moves less than 500" in an exposure bends by a tenth of ZTF's
tolerance, and longer lines of three are chance. Every pair of points meets every point; among many
points every pair between which three could pass, for four that could are a short track before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fink_tracklets.finder.light import Light
from fink_tracklets.finder.lines import BLOCK, WIDER, neighbours_within
from fink_tracklets.finder.near import near_circles
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.track import Track, score
from fink_tracklets.finder.vectors import Array, Ints, along_across_track, dot
from fink_tracklets.survey import Survey

POINTS = 3
"""Resolved points of a line, at least."""
FEW = 30
"""Points of an exposure up to which it takes longer to tell which pairs could pass."""


def link_straight(
    points: Array, exposures: Ints, survey: Survey, magnitudes: Array | None = None
) -> tuple[Ints, Array, list[int]]:
    """The straight lines of exposures, the most significant first, each point in one at most.

    Parameters and results are those of `significant.link`; no exposure is given up.
    """
    label = np.full(len(points), -1)
    scores: list[float] = []
    first = np.flatnonzero(np.diff(exposures, prepend=-1))
    for part in np.split(np.arange(len(points)), first[1:]):
        if len(part) < POINTS:
            continue
        light = None if magnitudes is None else Light.from_magnitudes(magnitudes[part])
        for track in _lines(points[part], NullModel.of(survey, len(part)), light):
            label[part[track.members]] = len(scores)
            scores.append(track.log10_nfa)
    return label, np.array(scores), []


def _lines(points: Array, null: NullModel, light: Light | None) -> Iterator[Track]:
    """The lines of one exposure ``(n, 3)``."""
    xyz = np.ascontiguousarray(points.T)
    tracks = list(_sets(xyz, null))
    taken = np.zeros(len(points), dtype=bool)
    step = max(1, BLOCK // len(points))
    scored = [
        track
        for k in range(0, len(tracks), step)
        for track in score(null, xyz, tracks[k : k + step], light, POINTS)
    ]
    for track in sorted(scored, key=Track.order):
        if track.log10_nfa < np.log10(null.threshold) and not taken[track.members].any():
            taken[track.members] = True
            yield track


def _sets(xyz: Array, null: NullModel) -> Iterator[Track]:
    """All points near the arc between each two that have another one near it; no significance."""
    n = xyz.shape[1]
    first, last = np.triu_indices(n, 1)
    cosine = dot(xyz[:, first], xyz[:, last])
    may = cosine <= np.cos(null.min_separation)
    if n > FEW:
        radius, three = np.maximum(null.radius_index(cosine), 0), np.full(len(first), POINTS)
        within = neighbours_within(xyz[:, None], null)[0]
        near_ends = within[first, radius], within[last, radius]
        may &= replace(null, min_points=POINTS).could_pass(radius, *near_ends, three)
    first, last = first[may], last[may]
    for begin, end, line, _ in near_circles(xyz, first, last, xyz, WIDER * np.sin(null.tolerance)):
        # Most circles have no third point; the others are judged by the arc alone.
        some = np.bincount(line, minlength=end - begin) >= POINTS
        i, j = first[begin:end][some], last[begin:end][some]
        along, offset, length = along_across_track(xyz[:, None], xyz[:, i], xyz[:, j])
        rows = np.arange(len(i))
        along[rows, i], along[rows, j] = 0.0, length
        near = (np.abs(offset) <= null.tolerance) & (along >= 0) & (along <= length[:, None])
        near[rows, i] = near[rows, j] = True
        for row in np.flatnonzero(near.sum(axis=1) >= POINTS):
            members = np.flatnonzero(near[row])
            order = np.argsort(along[row, members], kind="stable")
            yield Track(members[order], np.zeros(4), -np.inf)

"""Pieces of one track: tracklets of an exposure that are one object with a gap in its flashes.

A satellite in low orbit that flashes in bursts crosses the field as several tracklets. Two of them
are one when one cubic passes all their points and two *independent* tracklets would hardly lie so:
the first one predicts, with an error that grows with the distance, where the second one's middle
lies across it and in which direction it runs; the share of all places and directions that agrees,
times the pairs of tracklets in the exposure, is the number of joins by chance.

Objects in geosynchronous orbit are not independent: many share one parallel. Two pieces that run as
they do, each as short as an exposure allows them and together longer, stay two (`join`); and one
track that is two such pieces, each flashing to a beat of its own, becomes two (`part`). Objects
that fly side by side, less than an arc apart, are seen as one.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.light import Light
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.spacing import best_period, spacing_evidence
from fink_tracklets.finder.track import (
    CUBIC_FROM,
    NOISE,
    Track,
    beside,
    fit_track,
    resolve,
    score,
)
from fink_tracklets.finder.vectors import (
    Array,
    Ints,
    along_across_track,
    circle_normal,
    cross,
    dot,
)

CURVATURE = 0.3
"""Scatter of the curvatures of satellites' tracks [1/rad]: what is assumed of a short piece."""
SIGMAS = 3.0
"""Half width of the range of places and directions that agree, in standard errors."""
MAX_CHANCE = 0.01
"""A join is made below this expected number of joins by chance in the exposure. Two independent
tracklets in one exposure are rare to begin with."""
TWO_BEATS = 2.0
"""log10 LR of a beat that tells two objects apart."""
SAME_BEAT = 0.03
"""Periods whose ratio is 1, 2 or 1/2 to this may be one object's."""
INCLINED_DEG = 17.0
"""How far from the parallel an inclined geosynchronous object may head."""


def join(null: NullModel, xyz: Array, found: list[Track], free: NDArray[np.bool_]) -> list[Track]:
    """The tracklets of an exposure, pieces of one track as one.

    Parameters
    ----------
    xyz : (3, n) unit vectors
    found : significant tracks
    free : (n,) points of no track; those on a joined one become members

    Returns
    -------
    list
        In order of significance; a joined track is as significant as its best piece.
    """
    found, free = list(found), free.copy()
    while pairs := _joinable(null, xyz, found):
        _, a, b, joint = min(pairs, key=lambda pair: pair[:3])
        best = min(found[a].log10_nfa, found[b].log10_nfa)
        joined = filled(null, xyz, replace(joint, log10_nfa=best, scored=True), free)
        free[joined.members] = False
        rest = [track for k, track in enumerate(found) if k not in (a, b)]
        found = sorted([*rest, joined], key=Track.order)
    return found


def _joinable(
    null: NullModel, xyz: Array, found: list[Track]
) -> list[tuple[float, int, int, Track]]:
    """The pairs that are one track, with the number expected by chance."""
    pairs = []
    n_pairs = len(found) * (len(found) - 1) / 2
    for a, b in combinations(range(len(found)), 2):
        one, other = sorted((found[a], found[b]), key=lambda track: -len(track.members))
        expected = n_pairs * chance_of_agreement(null, xyz, one, other)
        if expected >= MAX_CHANCE:
            continue
        joint = fit_track(null, xyz, np.concatenate([one.members, other.members]), degree=3)
        if joint is not None and not share_a_parallel(null, xyz, one, other, joint):
            pairs.append((expected, a, b, joint))
    return pairs


def chance_of_agreement(null: NullModel, xyz: Array, one: Track, other: Track) -> float:
    """The share of places and directions of another track that agree with the first one's curve."""
    ends = xyz[:, one.members[:1]], xyz[:, one.members[-1:]]
    own, away = (
        along_across_track(xyz[:, None, track.members], *ends)[0][0] for track in (one, other)
    )
    noise, middle = NOISE * null.tolerance, own.mean()
    s, t = own - middle, away.mean() - middle
    # The covariance of place, slope and curvature in the middle of the first track.
    powers = np.stack([np.ones_like(s), s, s**2 / 2])
    information = powers @ powers.T / noise**2
    information[2, 2] += 1 / CURVATURE**2
    scale = 1 / np.sqrt(np.diag(information))
    covariance = np.linalg.inv(information * np.outer(scale, scale)) * np.outer(scale, scale)
    place, slope = np.array([1.0, t, t**2 / 2]), np.array([0.0, 1.0, t])
    across = np.sqrt(place @ covariance @ place + noise**2 / len(away))
    turn = np.sqrt(slope @ covariance @ slope + noise**2 / np.sum((away - away.mean()) ** 2))
    places = min(1.0, 2 * SIGMAS * across / np.sqrt(null.area))
    return float(places * min(1.0, 2 * SIGMAS * turn / np.pi))


def share_a_parallel(null: NullModel, xyz: Array, one: Track, other: Track, joint: Track) -> bool:
    """Whether two tracks may be two geosynchronous objects, one behind the other."""
    return max(_length(xyz, one), _length(xyz, other)) <= null.still_arc < _length(
        xyz, joint
    ) and along_parallel(xyz, joint)


def along_parallel(xyz: Array, track: Track) -> bool:
    """Whether a track runs as those of geosynchronous objects do."""
    first, last = (xyz[:, track.members[k]] for k in (0, -1))
    middle = first + last
    ahead = cross(circle_normal(first, last), middle)
    north = float(ahead[2]) / max(float(np.hypot(middle[0], middle[1])), 1e-12)
    return abs(north) < float(np.sin(np.radians(INCLINED_DEG)))


def _length(xyz: Array, track: Track) -> float:
    """Distance of a track's ends [rad]."""
    cosine = float(dot(xyz[:, track.members[0]], xyz[:, track.members[-1]]))
    return float(np.arccos(min(1.0, cosine)))


def part(null: NullModel, xyz: Array, track: Track, light: Light | None = None) -> list[Track]:
    """The track, or the two tracks of geosynchronous objects on one parallel that it is.

    It is two where each of two pieces is significant, no longer than such an object moves, and has
    a beat of its own, of an evidence of `TWO_BEATS`: the two differ, and both together explain the
    places by as much better than one does.
    """
    length, size = _length(xyz, track), len(track.members)
    if not (null.still_arc < length and along_parallel(xyz, track)):
        return [track]
    whole, _ = _beat(null, xyz, track.members)
    best, pieces = TWO_BEATS, [track]
    for k in range(null.min_points, size - null.min_points + 1):
        halves = [fit_track(null, xyz, some) for some in np.split(track.members, [k])]
        two = [half for half in halves if half and _length(xyz, half) <= null.still_arc]
        if len(two) < 2:
            continue
        (one, period), (other, other_period) = (_beat(null, xyz, half.members) for half in two)
        gain, octave = min(one, other, one + other - whole), abs(np.log2(period / other_period))
        if gain > best and min(octave, abs(octave - 1)) > np.log2(1 + SAME_BEAT):
            scored = score(null, xyz, two, light)
            if max(half.log10_nfa for half in scored) < np.log10(null.threshold):
                best, pieces = gain, scored
    return pieces


def _beat(null: NullModel, xyz: Array, members: Ints) -> tuple[float, float]:
    """The evidence of equal spacing of points in order along a track, and the period [rad]."""
    ends = xyz[:, members[:1]], xyz[:, members[-1:]]
    along = along_across_track(xyz[:, None, members], *ends)[0]
    places = along[resolve(along, np.ones(along.shape, dtype=bool), null.first_tolerance)]
    noise = NOISE * null.tolerance
    if len(places) < null.min_points:
        return 0.0, 1.0
    return float(spacing_evidence(places[None], noise)[0]), best_period(places, noise)


def filled(null: NullModel, xyz: Array, track: Track, free: NDArray[np.bool_]) -> Track:
    """The track with the free points on it, those just beyond its ends included.

    Its significance stays as it is: these points are no evidence, but they are its own.
    """
    u, offset = beside(xyz, track)
    over = (np.abs(u) - 1) / 2 * _length(xyz, track)
    near = free & (over < null.first_tolerance) & (np.abs(offset) <= null.tolerance)
    near[track.members] = False
    if not near.any():
        return track
    members = np.concatenate([track.members, np.flatnonzero(near)])
    more = fit_track(null, xyz, members, degree=3 if len(members) >= CUBIC_FROM else 2, drop=True)
    if more is None or not np.isin(track.members, more.members).all():
        return track
    return replace(more, log10_nfa=track.log10_nfa, scored=True)

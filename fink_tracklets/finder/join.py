"""Pieces of one track: tracklets of an exposure that are one object with a gap in its flashes.

A satellite in low orbit that flashes in bursts crosses the field as several tracklets. Two of them
are one when one cubic passes all their points and two *independent* tracklets would hardly lie so:
the first one predicts, with an error that grows with the distance, where the second one's middle
lies across it and in which direction it runs; the share of all places and directions that agrees,
times the pairs of tracklets in the exposure, is the number of joins by chance.

Objects in geosynchronous orbit are not independent: many share one parallel. Two pieces that run as
they do, each as short as 30 s allow them and together longer, stay two.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.track import NOISE, Track, beside, fit_track
from fink_tracklets.finder.vectors import Array, along_across_track, circle_normal, cross, dot

CURVATURE = 0.3
"""Scatter of the curvatures of satellites' tracks [1/rad]: what is assumed of a short piece."""
SIGMAS = 5.0
"""Half width of the range of places and directions that agree, in standard errors."""
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
        joint = _filled(null, xyz, joint, free)
        free[joint.members] = False
        best = min(found[a].log10_nfa, found[b].log10_nfa)
        rest = [track for k, track in enumerate(found) if k not in (a, b)]
        joined = replace(joint, log10_nfa=best, scored=True)
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
        if expected >= null.threshold:
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
    first, last = (xyz[:, joint.members[k]] for k in (0, -1))
    middle = first + last
    ahead = cross(circle_normal(first, last), middle)
    north = ahead[2] / max(float(np.hypot(middle[0], middle[1])), 1e-12)
    lengths = [
        float(np.arccos(np.clip(dot(xyz[:, track.members[0]], xyz[:, track.members[-1]]), -1, 1)))
        for track in (one, other, joint)
    ]
    short = max(lengths[:2]) <= null.still_arc < lengths[2]
    return bool(short and abs(north) < np.sin(np.radians(INCLINED_DEG)))


def _filled(null: NullModel, xyz: Array, joint: Track, free: NDArray[np.bool_]) -> Track:
    """The track with the free points that lie on it between its ends."""
    u, offset = beside(xyz, joint)
    more = np.flatnonzero(free & (np.abs(u) <= 1) & (np.abs(offset) <= null.tolerance))
    if not len(more):
        return joint
    members = np.concatenate([joint.members, more])
    return fit_track(null, xyz, members, degree=3, drop=True) or joint

"""Tracklets whose alerts belong to two objects: neighbours on one parallel make one false line."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from fink_tracklets.satellites.arcs import Arcs
from fink_tracklets.satellites.identify import Scene
from fink_tracklets.satellites.likelihood import ends, near_in_direction, weigh
from fink_tracklets.satellites.matches import Matches, best_first
from fink_tracklets.survey import Survey

LEAST_POINTS = 2
"""Fewest points of each object."""
SPLITS = 4
"""The tracklet is divided at so many of its widest gaps, at most."""


def match_two(points: np.ndarray, scene: Scene, survey: Survey) -> Matches | None:
    """The two objects that together made a tracklet which none made alone, if there are two.

    Both parts must have a likelihood match that would be accepted of a tracklet, of different
    objects; of several pairs the one with the least sum of scores is taken.

    Parameters
    ----------
    points : (n, 3) unit vectors, sorted along the tracklet, ICRS
    """
    # Objects that are lit and move along the tracklet, however short their arcs are.
    limits = survey.satellites
    which = near_in_direction(points, scene.nominal, whole=False)
    which = which[scene.lit[which]]

    # The tracklet is divided at its widest gaps::
    #
    #     o  o   o  o          o o    o      gap: where one object's points may end
    #     ---------- part 1    ------- part 2
    gaps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    splits = [k for k in np.argsort(-gaps) + 1 if LEAST_POINTS <= k <= len(points) - LEAST_POINTS]

    # Two different objects, one for each part, that fit best in sum.
    best, least = None, np.inf
    density = scene.crowd.density(*ends(points))
    for k in splits[:SPLITS]:
        parts = [
            weigh(part, scene.orbits, which, scene.errors, density, limits)
            for part in (points[:k], points[k:])
        ]
        parts = [best_first(part, part.score < limits.max_score) for part in parts]
        for a in range(min(2, len(parts[0].which))):
            for b in range(min(2, len(parts[1].which))):
                total = parts[0].score[a] + parts[1].score[b]
                if parts[0].which[a] != parts[1].which[b] and total < least:
                    best, least = _together(parts[0], a, parts[1], b), total
    return best


def _together(one: Matches, a: int, other: Matches, b: int) -> Matches:
    """The a-th of some matches and the b-th of others as one composite match."""
    values: dict[str, Any] = {
        field.name: np.array([getattr(one, field.name)[a], getattr(other, field.name)[b]])
        for field in fields(Matches)
        if field.name not in ("arcs", "certain", "composite")
    }
    arcs = {
        field.name: np.stack([getattr(one.arcs, field.name)[a], getattr(other.arcs, field.name)[b]])
        for field in fields(Arcs)
    }
    return replace(one, **values, arcs=Arcs(**arcs), certain=False, composite=True)

"""P1's linking rule, plain and slow: what `fink_tracklets.finder.published` must equal."""

from __future__ import annotations

from itertools import combinations

import numpy as np

ARCSEC = np.pi / 180 / 3600
CAPTURES = 10


def plain_link(points, limits):
    """The tracklets of one exposure, as sorted tuples of point numbers, best first."""
    found = set()
    for i, j in combinations(range(len(points)), 2):
        a, b = points[i], points[j]
        angle = np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)
        if angle < limits.min_separation_arcsec * ARCSEC:
            continue
        normal = np.cross(a, b)
        normal /= np.linalg.norm(normal)
        ahead = np.cross(normal, a)
        along = [np.arctan2(p @ ahead, p @ a) for p in points]
        across = [np.arcsin(p @ normal) for p in points]
        tolerance = limits.first_tolerance_arcsec * ARCSEC
        members = frozenset(k for k, d in enumerate(across) if abs(d) <= tolerance)
        if len(members) >= limits.min_points:
            members = refine(np.array(along), np.array(across), members, limits)
        if len(members) >= limits.min_points:
            found.add(members)
    return one_tracklet_each(merge(found, limits), limits)


def refine(along, across, members, limits):
    for turn in range(1000):
        chosen = sorted(members)
        middle = np.mean(along[chosen])
        scale = np.abs(along[chosen] - middle).max()
        x = (along - middle) / scale
        powers = np.stack([np.ones_like(x), x, x * x], axis=1)
        fit = np.linalg.lstsq(powers[chosen], across[chosen], rcond=None)[0]
        close = np.abs(across - powers @ fit) <= limits.refined_tolerance_arcsec * ARCSEC
        new = {k for k in range(len(along)) if close[k] and (turn < CAPTURES or k in members)}
        new = without_far_ends(along, new, limits)
        if len(new) < limits.min_points:
            return frozenset()
        if new == members:
            return frozenset(new)
        members = new
    raise AssertionError("the fit does not end")


def without_far_ends(along, members, limits):
    while len(members) >= limits.min_points:
        first, second, *_, before, last = sorted(members, key=lambda k: along[k])
        far = set()
        if along[second] - along[first] > limits.max_end_gap * (along[last] - along[second]):
            far.add(first)
        if along[last] - along[before] > limits.max_end_gap * (along[before] - along[first]):
            far.add(last)
        if not far:
            break
        members = members - far
    return members


def merge(sets, limits):
    sets = set(sets)
    while True:
        for a, b in combinations(sets, 2):
            if len(a & b) >= limits.merge_shared_points:
                sets = (sets - {a, b}) | {a | b}
                break
        else:
            return sets


def one_tracklet_each(sets, limits):
    taken, tracklets = set(), []
    for members in sorted(sets, key=lambda s: (-len(s), sorted(s))):
        own = set(members) - taken
        if len(own) >= limits.min_points:
            tracklets.append(tuple(sorted(own)))
            taken |= own
    return tracklets

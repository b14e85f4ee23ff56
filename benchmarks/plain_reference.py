"""The finder as one would write it first: a Python loop over pairs. For ratios of time only."""

from __future__ import annotations

import numpy as np

from fink_tracklets.sky.sphere import ARCSEC
from fink_tracklets.survey import FinderLimits


def plain_link(points: np.ndarray, limits: FinderLimits) -> list[set[int]]:
    """P1's rule on one exposure's ``(n, 3)`` unit vectors, greedy and in order of the points."""
    found: list[set[int]] = []
    first, refined = (
        np.sin(t * ARCSEC) for t in (limits.first_tolerance_arcsec, limits.refined_tolerance_arcsec)
    )
    least = np.sin(limits.min_separation_arcsec * ARCSEC)
    for i in range(len(points)):
        for j in range(i + 1, len(points)):
            normal = np.cross(points[i], points[j])
            length = np.linalg.norm(normal)
            if length < least:
                continue
            near = np.abs(points @ (normal / length)) <= first
            if np.count_nonzero(near) < limits.min_points:
                continue
            members = np.flatnonzero(near)
            normal /= length
            ahead = np.cross(normal, points[i])
            along = np.arctan2(points @ ahead, points @ points[i])
            across = points @ normal
            for _ in range(10):
                curve = np.polyfit(along[members], across[members], 2)
                new = np.flatnonzero(np.abs(across - np.polyval(curve, along)) <= refined)
                if len(new) < limits.min_points or np.array_equal(new, members):
                    members = new
                    break
                members = new
            if len(members) < limits.min_points:
                continue
            mine = set(members.tolist())
            for other in found:
                if len(other & mine) >= limits.merge_shared_points:
                    other |= mine
                    break
            else:
                found.append(mine)
    return found

"""What each of the three methods gives: the objects that may have made a tracklet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fink_tracklets.satellites.arcs import Arcs


@dataclass(frozen=True)
class Matches:
    """Q objects, best first where a method returns them."""

    which: np.ndarray
    """(Q,) their places in the `Orbits`."""
    late_s: np.ndarray
    """How far along its orbit the object was shifted, positive ahead of its elements."""
    aside_arcsec: np.ndarray
    """Mean distance of the points from the (shifted) arc, positive to the left of the motion."""
    slope_deg: np.ndarray
    """Between points and (shifted) arc."""
    score: np.ndarray
    """Smaller is better: likelihood, or mean distance [arcsec] of the papers."""
    rank_score: np.ndarray
    """What ranks: the score, plus for the likelihood the room in which it could have matched."""
    arcs: Arcs
    """As shifted."""
    certain: bool = False
    composite: bool = False

    def all_certain(self, certain: bool) -> Matches:
        """The same, certain or not."""
        return replace(self, certain=bool(certain))


def best_first(found: Matches, keep: np.ndarray) -> Matches:
    """Some of the matches, sorted by rank; of equals the first in the catalogue."""
    chosen = np.flatnonzero(keep)
    order = chosen[np.lexsort((found.which[chosen], found.rank_score[chosen]))]
    return Matches(
        found.which[order], found.late_s[order], found.aside_arcsec[order],
        found.slope_deg[order], found.score[order], found.rank_score[order], found.arcs.take(order),
    )  # fmt: skip


def normal_angle(normals: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Angle [deg, 0 to 90] between great circles (Q, 3) and one, whatever their direction."""
    across = np.linalg.norm(np.cross(normals, normal), axis=-1)
    return np.degrees(np.arctan2(across, np.abs(normals @ normal)))


def as_published(which: np.ndarray, distance_arcsec: np.ndarray, nominal: Arcs) -> Matches:
    """Matches of a paper's criteria: ranked by mean distance, nothing shifted."""
    nothing = np.full(len(which), np.nan)
    found = Matches(
        which, nothing, nothing, nothing, distance_arcsec, distance_arcsec,
        nominal.take(which),
    )  # fmt: skip
    return best_first(found, np.ones(len(which), dtype=bool)).all_certain(len(which) == 1)

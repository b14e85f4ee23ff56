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
    misfit: np.ndarray
    """likelihood: lateness, aside and slope against their widths, whatever chance has to offer."""
    score: np.ndarray
    """What accepts and ranks, smaller is better: -2 ln of the likelihood over that of chance, or
    mean distance [arcsec] of the papers."""
    arcs: Arcs
    """As shifted."""
    certain: bool = False
    composite: bool = False

    def all_certain(self, certain: bool) -> Matches:
        """The same, certain or not."""
        return replace(self, certain=bool(certain))


def best_first(found: Matches, keep: np.ndarray) -> Matches:
    """Some of the matches, sorted by score; of equals the first in the catalogue."""
    chosen = np.flatnonzero(keep)
    order = chosen[np.lexsort((found.which[chosen], found.score[chosen]))]
    return Matches(
        found.which[order], found.late_s[order], found.aside_arcsec[order],
        found.slope_deg[order], found.misfit[order], found.score[order], found.arcs.take(order),
    )  # fmt: skip


def normal_angle(normals: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Angle [deg, 0 to 90] between great circles (Q, 3) and one, whatever their direction."""
    across = np.linalg.norm(np.cross(normals, normal), axis=-1)
    return np.degrees(np.arctan2(across, np.abs(normals @ normal)))


def as_published(which: np.ndarray, distance_arcsec: np.ndarray, nominal: Arcs) -> Matches:
    """Matches of a paper's criteria: ranked by mean distance, nothing shifted."""
    nothing = np.full(len(which), np.nan)
    found = Matches(
        which, nothing, nothing, nothing, nothing, distance_arcsec,
        nominal.take(which),
    )  # fmt: skip
    return best_first(found, np.ones(len(which), dtype=bool)).all_certain(len(which) == 1)

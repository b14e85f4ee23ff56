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
    """(Q,) how far along its orbit the object was shifted, positive ahead of its elements."""
    aside_arcsec: np.ndarray
    """(Q,) mean distance of the points from the (shifted) arc, positive to the left of it."""
    slope_deg: np.ndarray
    """(Q,) angle between points and (shifted) arc."""
    misfit: np.ndarray
    """(Q,) likelihood: lateness, aside and slope against their widths, without regard to chance."""
    score: np.ndarray
    """(Q,) what accepts and ranks, smaller is better: -2 ln of the likelihood over that of chance,
    or mean distance [arcsec] of the papers."""
    arcs: Arcs
    """The objects' arcs, as shifted."""
    certain: bool = False
    """Whether no other object comes near the best one."""
    composite: bool = False
    """Whether each of the objects made only a part of the points."""

    def take(self, rows: np.ndarray) -> Matches:
        """Some of the matches; none of them is certain."""
        per_object = ("which", "late_s", "aside_arcsec", "slope_deg", "misfit", "score")
        some = {name: getattr(self, name)[rows] for name in per_object}
        return Matches(**some, arcs=self.arcs.take(rows))

    def all_certain(self, certain: bool) -> Matches:
        """The same, certain or not."""
        return replace(self, certain=bool(certain))


def best_first(found: Matches, keep: np.ndarray) -> Matches:
    """Some of the matches, sorted by score; of equals the first in the catalogue."""
    chosen = np.flatnonzero(keep)
    order = chosen[np.lexsort((found.which[chosen], found.score[chosen]))]
    return found.take(order)


def normal_angle(normals: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Angle [deg, 0 to 90] between great circles (Q, 3) and one, whatever their direction."""
    across = np.linalg.norm(np.cross(normals, normal), axis=-1)
    return np.degrees(np.arctan2(across, np.abs(normals @ normal)))


def as_published(which: np.ndarray, distance_arcsec: np.ndarray, nominal: Arcs) -> Matches:
    """Matches of a paper's criteria: ranked by mean distance, nothing shifted."""
    nothing = np.full(len(which), np.nan)
    found = Matches(
        which=which,
        late_s=nothing,
        aside_arcsec=nothing,
        slope_deg=nothing,
        misfit=nothing,
        score=distance_arcsec,
        arcs=nominal.take(which),
    )
    return best_first(found, np.ones(len(which), dtype=bool)).all_certain(len(which) == 1)

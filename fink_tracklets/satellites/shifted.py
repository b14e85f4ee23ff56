"""The night's own rate of false matches: the same tracklets under skies of other hours.

Where they are, no catalogued object is at those hours, but places, directions and lengths are real.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fink_tracklets.satellites.propagation import instants
from fink_tracklets.survey import Survey

BELT_DEG = 2.5
"""Closer to the geosynchronous belt than this is in it."""
GEOSYNCHRONOUS_KM = 42_164.0
PRIOR_TRIALS = 300.0
"""How many shifted tracklets the long-term rate counts for: a night has few false matches."""
PRIOR_SCORE, PRIOR_GROWTH = -12.0, 0.25
PRIOR = {"belt": 0.0095, "sky": 0.00005}
"""Long-term rate of likelihood matches with scores below `PRIOR_SCORE`, elements one to four days
old; its logarithm grows by `PRIOR_GROWTH` per unit of the score (docs/satellites.md)."""


@dataclass(frozen=True)
class FalseMatches:
    """Best scores of T tracklets under shifted skies."""

    score: np.ndarray
    """(T, H) the best score under each of H skies, infinite where nothing matches."""
    in_belt: np.ndarray
    """(T,) whether the tracklet lies in the geosynchronous belt."""
    method: str
    """The method of the scores."""

    def rate(self, in_belt: bool | None = None) -> tuple[int, int]:
        """False matches, and how many tracklets were tried: in the belt, elsewhere, or all."""
        score = self.score if in_belt is None else self.score[self.in_belt == in_belt]
        return int(np.isfinite(score).sum()), score.size

    def chance(self, score: np.ndarray, in_belt: bool) -> np.ndarray:
        """Probability that a tracklet which no catalogued object made has a match as good.

        The night's count, with the long-term rate as `PRIOR_TRIALS` further trials.

        Parameters
        ----------
        score : (Q,) of matches of a tracklet
        in_belt : where it lies
        """
        trials = np.sort(self.score[self.in_belt == in_belt].ravel())
        below = np.searchsorted(trials, score, side="right")
        if self.method != "likelihood":
            return (below + 0.5) / (trials.size + 1)
        rate = PRIOR["belt" if in_belt else "sky"]
        law = np.minimum(rate * np.exp(PRIOR_GROWTH * (score - PRIOR_SCORE)), 1.0)
        return (below + PRIOR_TRIALS * law) / (trials.size + PRIOR_TRIALS)


def belt_distance(points: np.ndarray, jd: np.ndarray, survey: Survey) -> np.ndarray:
    """Angle [deg] of directions (T, 3) seen at `jd` (T,) from the geosynchronous belt (of date,
    with the site's parallax)."""
    # The belt as a ring of points in TEME, whose plane is the equator of date, seen from the site.
    at = instants(jd, survey.exposure_time_s / 2, survey.site)
    ring = np.linspace(0, 2 * np.pi, 1440, endpoint=False)
    belt = GEOSYNCHRONOUS_KM * np.stack([np.cos(ring), np.sin(ring), 0 * ring], axis=-1)
    found = np.empty(len(points))
    for k, point in enumerate(points):
        x = belt @ at.to_gcrs[k].T - at.observer_km[k]
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        found[k] = np.degrees(np.arccos(np.clip((x @ point).max(), -1, 1)))
    return found


def summary(found: FalseMatches) -> dict[str, object]:
    """For the manifest."""
    record: dict[str, object] = {}
    for name, where in (("all", None), ("belt", True), ("sky", False)):
        matched, tried = found.rate(where)
        record[name] = {"tried": tried, "matched": matched}
    return record


def share(frame: pd.DataFrame) -> float:
    """The efficiency of P1 section 3.1: of blindly matched candidates the share in tracklets."""
    alerts = frame.drop_duplicates("alert_id")
    return float(alerts["tracklet"].notna().mean()) if len(alerts) else float("nan")

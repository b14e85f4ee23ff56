"""How tracklets are found: the table `[finder]` of a survey's file."""

from __future__ import annotations

from dataclasses import dataclass

from fink_tracklets.survey.checks import one_of, positive

METHODS = ("significant", "published")


@dataclass(frozen=True)
class FinderLimits:
    """What counts as a tracklet (P1 section 1.3). Angles in arcseconds."""

    method: str
    """significant: chance tracklets are thrown away; published: the plain rule of the paper."""
    min_points: int
    """Fewest points of a tracklet."""
    min_separation_arcsec: float
    """Least distance of the two points that define a great circle."""
    first_tolerance_arcsec: float
    """Largest distance of a point from the great circle."""
    refined_tolerance_arcsec: float
    """Largest distance of a point from the fitted curve."""
    max_end_gap: float
    """published: an end point further than this times the length of the rest is not part of the
    tracklet."""
    merge_shared_points: int
    """published: sets that share as many points are one."""
    max_chance_tracklets: float = 1e-3
    """significant: a tracklet is kept when fewer than this many as good ones are expected by
    chance in its exposure."""
    max_curvature_per_rad: float = 1.0
    """significant: largest second derivative of the distance across a track [1/rad]; real
    satellites stay below 0.43."""
    max_candidates: int = 50_000
    """Exposures with more candidates are not searched."""

    def __post_init__(self) -> None:
        one_of(self, "method", METHODS)
        positive(
            self,
            "min_separation_arcsec",
            "first_tolerance_arcsec",
            "refined_tolerance_arcsec",
            "max_end_gap",
            "merge_shared_points",
            "max_chance_tracklets",
            "max_curvature_per_rad",
            "max_candidates",
        )
        if self.min_points < 4:
            raise ValueError("min_points must be at least 4: three points always fit a parabola")

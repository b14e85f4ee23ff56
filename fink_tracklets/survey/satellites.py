"""How satellites are matched: the table `[satellites]` of a survey's file."""

from __future__ import annotations

from dataclasses import dataclass

from fink_tracklets.survey.checks import finite, one_of, positive

METHODS = ("likelihood", "paper1", "paper2")


@dataclass(frozen=True)
class SatelliteLimits:
    """Criteria of a match. Angles and times as the names say."""

    method: str = "likelihood"
    """likelihood: ours; paper1: P1 section 2.1; paper2: P2 section 3.2."""
    max_element_age_days: float = 14.0
    """Elements further from the exposure are not used."""
    max_start_distance_deg: float = 20.0
    """paper1: object from the tracklet's first point at the start; the cone that is searched."""
    max_normal_angle_deg: float = 1.0
    """paper1, paper2: between the great circles of object and tracklet."""
    max_distance_arcsec: float = 300.0
    """paper1: mean distance of the points; paper2: distance of every point."""
    max_blind_distance_arcsec: float = 60.0
    """A single candidate from an object's arc (P2 section 3.2)."""
    max_score: float = -12.0
    """likelihood: accepted below, -2 ln of the likelihood over that of chance."""
    max_misfit: float = 12.0
    """likelihood: accepted of single candidates below."""
    certain_lead: float = 8.0
    """likelihood: a match is certain when no other object's score comes closer than this."""
    position_noise_arcsec: float = 0.3
    """likelihood: of one alert."""
    min_lateness_s: float = 0.5
    """likelihood: added in quadrature to the lateness that the elements' age allows."""
    min_aside_arcsec: float = 1.5
    """likelihood: likewise."""
    min_slope_deg: float = 0.04
    """likelihood: likewise."""
    max_lateness_s: float = 300.0
    """likelihood: objects later or earlier than this are not looked for."""
    shift_hours: tuple[float, ...] = (-2.846, -2.165, -1.417, -0.802, 0.611, 1.359, 2.173, 2.921)
    """The skies on which the night's own false matches are counted. Geosynchronous slots lie at
    whole degrees of longitude; in degrees (15.041 an hour) these are spread over the fractions, or
    satellites would stand on each other's places."""

    def __post_init__(self) -> None:
        one_of(self, "method", METHODS)
        for name, value in vars(self).items():
            if isinstance(value, float):
                (finite if name == "max_score" else positive)(self, name)
        if any(abs(hours) < 0.5 for hours in self.shift_hours):
            raise ValueError(
                "shift_hours must be at least 0.5 hours each, or objects stay in place"
            )

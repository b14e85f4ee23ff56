"""Numbers that the literature gives, each with its place.

P1: Karpov & Peloton 2022 (arXiv 2202.05719). P2: Karpov & Peloton 2023 (arXiv 2310.17322).
"""

from __future__ import annotations

from dataclasses import dataclass

P1, P2 = "P1", "P2"


@dataclass(frozen=True)
class Published:
    """A number as it was printed."""

    value: float
    source: str
    error: float | None = None

    def __str__(self) -> str:
        error = "" if self.error is None else f" ± {self.error:g}"
        value = f"{self.value:,.0f}" if self.value == round(self.value) else f"{self.value:g}"
        return f"{value}{error} ({self.source})"


NUMBERS: dict[str, tuple[Published, ...]] = {
    "nights": (Published(523, "P1 section 1"), Published(815, "P2 section 2")),
    "exposures": (Published(164_163, "P1 section 1.2"), Published(252_532, "P2 section 2")),
    "exposures_with_candidates": (
        Published(113_422, "P1 figure 2"),
        Published(164_432, "P2 section 2"),
    ),
    "exposures_with_five": (Published(41_012, "P1 figure 2"), Published(53_581, "P2 section 2")),
    "exposures_with_tracklets": (Published(5_946, "P1 section 1.3"),),
    "median_candidates": (Published(3, "P1 section 1.3"),),
    "candidates": (Published(638_350, "P1 table 1"), Published(828_063, "P2 section 2")),
    "tracklets": (Published(6_450, "P1 table 1"), Published(10_170, "P2 section 3.1")),
    "tracklet_alerts": (Published(73_368, "P1 table 1"), Published(116_389, "P2 section 3.1")),
    "tracklet_fraction": (Published(0.115, "P1 section 1.3"), Published(0.141, "P2 section 3.1")),
    "tracklets_per_night": (Published(12, "P1 table 1"),),
    "tracklet_alerts_per_night": (Published(140, "P1 table 1"),),
    "median_points": (Published(9, "P1 section 2"),),
    "most_points": (Published(384, "P1 section 2"),),
    "median_length_arcsec": (Published(416, "P1 section 2"),),
    "matched_fraction": (Published(0.60, "P1 section 2.1"), Published(0.613, "P2 section 3.2")),
    "matched_alert_fraction": (Published(0.62, "P1 section 2.1"),),
    "satellites": (Published(308, "P1 section 2.1"),),
    "satellites_ten_times": (Published(94, "P1 section 2.1"),),
    "active_satellites": (Published(9, "P1 section 2.1"),),
    "blind_fraction": (Published(0.093, "P1 section 3.1"), Published(0.115, "P2 section 3.2")),
    "blind_in_tracklets": (Published(0.749, "P1 section 3.1"), Published(0.746, "P2 section 3.2")),
    "satellite_fraction": (Published(0.120, "P2 section 3.2"),),
    "central_fraction": (Published(0.992, "P1 section 2.3"), Published(0.980, "P2 section 3.3")),
    "tracklet_multi_fraction": (
        Published(0.770, "P1 section 2.3"),
        Published(0.746, "P2 section 3.3"),
    ),
    "multi_fraction": (Published(0.20, "P1 section 3.1"), Published(0.182, "P2 section 3.3")),
    "any_fraction": (Published(0.235, "P2 section 4"),),
    "good_fraction": (Published(0.30, "P1 section 4"),),
    "tracklet_alerts_per_exposure": (Published(0.6, "P1 section 4"),),
    "duration_p5_s": (Published(0.001, "P1 section 4, P2 section 5: least"),),
    "duration_p95_s": (Published(0.1, "P1 section 4, P2 section 5: most"),),
    "instant_mag_p5": (Published(4, "P1 section 4, P2 section 5: brightest"),),
    "instant_mag_p95": (Published(14, "P1 section 4, P2 section 5: faintest"),),
    "rate_satellite": (Published(42_000, "P2 section 4"),),
    "rate_any": (Published(80_000, "P2 section 4"),),
}
"""By the keys of `fink_tracklets.years.numbers`."""

FUNNEL = (
    ("Alerts processed by FINK", 75_913_319),
    ("+ single positive detection", 11_384_517),
    ("+ no Solar System objects", 1_297_307),
    ("+ outside stellar locus", 638_350),
    ("+ belong to tracklets", 73_368),
    ("Number of unique tracklets", 6_450),
)
"""P1's table 1, of 523 nights."""
FUNNEL_NIGHTS = 523

SKY_DEG2 = 41_252.96


@dataclass(frozen=True)
class PublishedRate:
    """A rate of flashes, as the all-sky rate per hour above a magnitude that lasts as a flash."""

    name: str
    per_hour: float
    down: float
    up: float
    instant_mag: float
    how: str
    """What was printed, and what was made of it."""


def _of_field(per_deg2_hour: float) -> float:
    return per_deg2_hour * SKY_DEG2


RATES = (
    PublishedRate(
        "Corbett+ 2020",
        1_800,
        280,
        600,
        8.0,
        "1,800 +600 -280 per hour and sky, above mag 8 as P2 section 4 reads it",
    ),
    PublishedRate(
        "Nir+ 2021",
        _of_field(35 / 24),
        _of_field(5 / 24),
        _of_field(5 / 24),
        11.0,
        "30 to 40 per deg2 and day brighter than 11, at -20 to +10 deg, times the sky's area",
    ),
    PublishedRate(
        "Tomo-e Gozen 2025",
        _of_field(4.7),
        _of_field(0.2),
        _of_field(0.2),
        15.5,
        "4.7 ± 0.2 per deg2 and hour times the sky's area, at magnitude 15.5 in 0.5 s: the mean "
        "over that exposure, so a limit of the flash's own from the faint side",
    ),
    PublishedRate(
        "Tomo-e Gozen 2025, equator",
        _of_field(9.0),
        _of_field(0.3),
        _of_field(0.3),
        15.5,
        "9.0 ± 0.3 per deg2 and hour at the equator, as the one before",
    ),
    PublishedRate(
        "P2, matched", 42_000, 0, 0, 12.0, "42,000 per hour and sky, most between 10 and 12 mag"
    ),
    PublishedRate(
        "P2, any of three", 80_000, 0, 0, 14.0, "80,000 per hour and sky, g = 4 to 14 mag"
    ),
)
THAICOM_2 = {
    "norad_cat_id": 23314,
    "object_name": "THAICOM 2",
    "tracklets": 84,
    "alerts": 937,
    "semi_major_axis_km": 42359,
    "rcs_m2": 1.3,
    "arc_deg": 0.12,
    "period_m_s": 0.5,
    "period_p_s": 3,
    "duration_s": 0.07,
}
"""P1's table 2, of the tracklet that ZTF's public alerts of 2021-06-04 show."""

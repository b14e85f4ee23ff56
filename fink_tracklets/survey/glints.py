"""How a survey's stamps and flashes are measured: the section [glints] of its TOML file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fink_tracklets.survey.checks import finite


@dataclass(frozen=True)
class GlintSettings:
    """Where the stamps are, and the numbers of the measurement. Angles in arcseconds."""

    science: str
    """The science stamp: a Spark SQL expression over the packet that is FITS, gzipped or plain."""
    template: str
    """The template's stamp, likewise."""
    difference: str
    """The difference stamp, likewise."""
    pixel_scale_arcsec: float
    """Side of a pixel."""
    fwhm_arcsec: float
    """Typical seeing: of the profile that peaks are sought with; template objects are masked with
    half of it around them."""
    psf_scale_arcsec: float
    """A point-like flash moves less than this (P1 equation 1)."""
    to_g: Mapping[str, float]
    """g minus the band, for sunlight; a band that is not here has no standard magnitude."""
    x_position_angle_deg: float | None = None
    """Direction of growing x on the sky, north through east, where a stamp itself has no WCS."""
    y_position_angle_deg: float | None = None
    """Direction of growing y, likewise."""
    detection_sigma: float = 5.0
    """Signal-to-noise ratio of a peak, as a point source (P1's 2 sigma: see docs/glints.md)."""
    template_sigma: float = 1.0
    """Template objects are masked above so many times the science stamp's noise."""
    centre_radius_arcsec: float = 3.0
    """The alert's own peak lies within this of the stamp's centre."""
    track_tolerance_arcsec: float = 3.0
    """Peaks within this of the track (or of the stamp's common line) belong to it."""
    same_flash_arcsec: float = 2.0
    """Peaks of two stamps within this along the track are one flash."""
    position_error_arcsec: float = 0.35
    """Error of the position of one peak."""
    max_false_alarm: float = 1e-3
    """A fitted period is kept below this false-alarm probability."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, float):
                finite(self, name)
                if value <= 0 and not name.endswith("position_angle_deg"):
                    raise ValueError(f"{name} must be positive, not {value}")
        if (self.x_position_angle_deg is None) != (self.y_position_angle_deg is None):
            raise ValueError("give both x_position_angle_deg and y_position_angle_deg, or none")

    @property
    def axes(self) -> tuple[float, float, float, float] | None:
        """East and north [arcsec] of a pixel in x, then in y."""
        if self.x_position_angle_deg is None or self.y_position_angle_deg is None:
            return None
        x, y = math.radians(self.x_position_angle_deg), math.radians(self.y_position_angle_deg)
        scale = self.pixel_scale_arcsec
        return (
            scale * math.sin(x),
            scale * math.cos(x),
            scale * math.sin(y),
            scale * math.cos(y),
        )

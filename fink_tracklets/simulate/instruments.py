"""The telescopes that the simulator knows, each in one description."""

from __future__ import annotations

from dataclasses import dataclass

from fink_tracklets.errors import UserError
from fink_tracklets.simulate import mosaic
from fink_tracklets.simulate.mosaic import Mosaic


@dataclass(frozen=True)
class Instrument:
    """What a camera sees, and how its nights go."""

    survey: str
    """The survey's name, as in conf/."""
    mosaic: Mosaic
    """Its detectors."""
    bands: tuple[str, ...]
    """Its filters."""
    band_share: tuple[float, ...]
    """Part of the exposures in each band."""
    limiting_mag: tuple[float, ...]
    """Limit of 5 sigma in 30 s, in each band."""
    zero_point: tuple[float, ...]
    """Magnitude of one count in an image."""
    fwhm_arcsec: float
    """Full width of a point source at half its maximum."""
    noise_arcsec: float
    """Error of the position of a bright source, one axis."""
    centroid_arcsec: float
    """What the photons add to it at a signal to noise of one; it falls with the signal to noise."""
    field_spacing_deg: float
    """Distance between the declinations of its field rows."""
    cadence_s: float
    """Shortest time from one exposure's start to the next."""
    night_begins_h: float
    """UTC hour of the night's date from which 24 hours belong to it."""
    first_year: int
    """Year of its first alerts."""
    stellar_locus: bool
    """Whether the survey's cuts look at the distance to the nearest reference star."""
    stamps_have_wcs: bool
    """Stamps are plain FITS that say how they lie on the sky; else they are gzipped and do not."""


ZTF = Instrument(
    survey="ztf",
    mosaic=mosaic.ZTF,
    bands=("g", "r", "i"),
    band_share=(0.45, 0.5, 0.05),
    limiting_mag=(20.3, 20.2, 19.6),
    zero_point=(26.1, 26.2, 25.6),
    fwhm_arcsec=2.0,
    noise_arcsec=0.06,
    centroid_arcsec=2.0 / 2.355,
    field_spacing_deg=7.2,
    cadence_s=38.2,
    night_begins_h=0.0,
    first_year=2018,
    stellar_locus=True,
    stamps_have_wcs=False,
)
RUBIN = Instrument(
    survey="rubin",
    mosaic=mosaic.RUBIN,
    bands=("u", "g", "r", "i", "z", "y"),
    band_share=(0.07, 0.1, 0.22, 0.22, 0.2, 0.19),
    limiting_mag=(23.7, 24.8, 24.4, 23.9, 23.3, 22.4),
    zero_point=(31.4,) * 6,
    fwhm_arcsec=0.8,
    noise_arcsec=0.01,
    centroid_arcsec=0.9,  # median of raErr and decErr times snr of real sources: docs/rubin.md
    field_spacing_deg=3.0,
    cadence_s=36.0,
    night_begins_h=12.0,
    first_year=2025,
    stellar_locus=False,
    stamps_have_wcs=True,
)


def find_instrument(survey: str) -> Instrument:
    """The instrument of a survey's name.

    Raises
    ------
    UserError : another name
    """
    for instrument in (ZTF, RUBIN):
        if instrument.survey == survey:
            return instrument
    raise UserError(f"The simulator does not know the survey '{survey}': give ztf or rubin.")

"""Durations and magnitudes of flashes: equations 1 to 5 of P1 (sections 2.3 and 3.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

SUN_G = -26.49
"""Apparent magnitude of the Sun in g, in the relation of `expected_magnitude`."""
ALBEDO = 0.5


def duration(arc_arcsec: ArrayLike, psf_scale_arcsec: float, exposure_s: float) -> Array:
    """Upper limit of a point-like flash's duration [s] (P1 equation 1).

    Parameters
    ----------
    arc_arcsec : path of the object among the stars during the exposure; where the tracklet's own
        length stands in, which is at most the path, the result is still an upper limit
    psf_scale_arcsec : a longer image would not pass as a point
    exposure_s : exposure time
    """
    return np.asarray(exposure_s * psf_scale_arcsec / np.asarray(arc_arcsec, dtype=float))


def instant_magnitude(mag: ArrayLike, duration_s: ArrayLike, exposure_s: float) -> Array:
    """Magnitude at the flash's peak (P1 equation 2); a faint limit, as the duration is an upper."""
    ratio = np.asarray(duration_s, dtype=float) / exposure_s
    return np.asarray(np.asarray(mag, dtype=float) + 2.5 * np.log10(ratio))


def lambertian(phase_deg: ArrayLike) -> Array:
    """Phase function of a diffuse sphere [mag], zero at 90 degrees (P1 equation 4)."""
    phase = np.radians(phase_deg)
    return np.asarray(-2.5 * np.log10(np.sin(phase) + (np.pi - phase) * np.cos(phase)))


def specular(phase_deg: ArrayLike) -> Array:
    """Phase function of a mirror-like sphere: zero (P1 equation 5)."""
    return np.zeros_like(np.asarray(phase_deg, dtype=float))


def standard_magnitude(instant_mag: ArrayLike, range_km: ArrayLike, phase_mag: ArrayLike) -> Array:
    """Magnitude at 1,000 km and 90 degrees phase angle (P1 equation 3, solved).

    Parameters
    ----------
    instant_mag : `instant_magnitude`; that of a resolved light curve as measured
    range_km : from the observer
    phase_mag : `lambertian` or `specular`
    """
    distance = 5 * np.log10(np.asarray(range_km, dtype=float) / 1000)
    instant, phase = np.asarray(instant_mag, dtype=float), np.asarray(phase_mag, dtype=float)
    return np.asarray(instant - phase - distance)


def to_g(mag: ArrayLike, band: ArrayLike, g_minus: dict[str, float]) -> Array:
    """Magnitudes in g for sunlight's colours; NaN for a band without one.

    Parameters
    ----------
    mag, band : (n,)
    g_minus : g minus each band
    """
    colours = [g_minus.get(str(name), np.nan) for name in np.atleast_1d(np.asarray(band, object))]
    return np.asarray(np.atleast_1d(np.asarray(mag, dtype=float)) + colours)


def expected_magnitude(rcs_m2: ArrayLike, range_km: ArrayLike) -> Array:
    """g magnitude of a mirror-like sphere of albedo 0.5 with this radar cross-section.

    As P1's figure 12: 10 m2 at 1,000 km is 4.51.
    """
    d_m = 1000 * np.asarray(range_km, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(
            SUN_G - 2.5 * np.log10(ALBEDO * np.asarray(rcs_m2) / (4 * np.pi * d_m**2))
        )

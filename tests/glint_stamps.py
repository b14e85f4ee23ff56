"""Simulated stamps with known flashes, as FITS bytes."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pandas as pd
from astropy.io import fits

N = 63
SCALE = 1.0125
SIGMA = 2.0 / 2.3548 / SCALE


def fits_bytes(image: np.ndarray, packed: bool = True) -> bytes:
    """An image as astropy writes it."""
    out = io.BytesIO()
    fits.PrimaryHDU(image.astype(np.float32)).writeto(out)
    return gzip.compress(out.getvalue(), 1) if packed else out.getvalue()


def gaussian(x: float, y: float, flux: float, sigma: float = SIGMA) -> np.ndarray:
    """A point source of this flux, at pixels from the centre."""
    at = np.arange(N) - (N - 1) / 2
    profile = np.exp(-((at[None] - x) ** 2 + (at[:, None] - y) ** 2) / (2 * sigma**2))
    return flux / (2 * np.pi * sigma**2) * profile


def stamps(flashes, rng: np.random.Generator, stars=()) -> tuple[bytes, bytes, bytes]:
    """Science, template and difference with noise 1; flashes and stars as (x, y, peak)."""
    peak = 2 * np.pi * SIGMA**2
    template = sum((gaussian(x, y, p * peak) for x, y, p in stars), np.zeros((N, N)))
    new = sum((gaussian(x, y, p * peak) for x, y, p in flashes), np.zeros((N, N)))
    noise = rng.normal(0, 1, (N, N))
    template_noise = rng.normal(0, 0.15, (N, N))
    images = (100 + template + new + noise, 100 + template + template_noise, new + noise)
    science, reference, difference = (fits_bytes(image) for image in images)
    return science, reference, difference


def tracklet(
    rng: np.random.Generator,
    spacing: float,
    n: int,
    snr: float,
    seen: float = 0.7,
    name: str = "TRCK_20240101_000000_00",
    first_id: int = 1,
    faint: float = 0.0,
):
    """A tracklet due north: flashes every `spacing` [arcsec], a part of which are alerts.

    Returns
    -------
    candidates, tracklets, tracklet_alerts and alerts with stamps, as the package's tables
    """
    along = np.arange(n) * spacing
    # Every other flash is `faint` magnitudes fainter.
    mags = 18.0 + faint * (np.arange(n) % 2) + rng.normal(0, 0.05, n)
    peaks = snr * 10 ** (-0.4 * (mags - 18.0))
    alerted = rng.random(n) < seen
    alerted[[0, n - 1]] = True
    rows = []
    for k in np.flatnonzero(alerted):
        shift = rng.uniform(-0.5, 0.5, 2)
        flashes = [
            # y grows to the south
            (shift[0], shift[1] - (along[j] - along[k]) / SCALE, peaks[j])
            for j in range(n)
            if abs(along[j] - along[k]) < 40
        ]
        science, template, difference = stamps(flashes, rng)
        seen_at = along[k] + rng.normal(0, 0.2)
        rows.append(
            {
                "alert_id": first_id + int(k),
                "exposure": name[5:20],
                "jd": 2460310.5,
                "ra": 100.0,
                "dec": seen_at / 3600,
                "band": "r",
                "mag": mags[k],
                "tracklet": name,
                "along_arcsec": seen_at,
                "limiting_mag": 20.0,
                "science": science,
                "template": template,
                "difference": difference,
            }
        )
    alerts = pd.DataFrame(rows)
    ends = {"ra_start": 100.0, "dec_start": 0.0, "ra_end": 100.0, "dec_end": along[-1] / 3600}
    tracklets = pd.DataFrame([{"tracklet": name, "length_arcsec": along[-1], **ends}])
    return alerts, tracklets


def satellite(name: str, arc: float) -> pd.DataFrame:
    """The table `satellites` with one match, due north from a `tracklet`'s first point."""
    place = {
        f"arc_{axis}_{at}": value
        for at, part in (("start", 0.0), ("middle", 0.5), ("end", 1.0))
        for axis, value in (("ra", 100.0), ("dec", part * arc / 3600))
    }
    row = {
        "tracklet": name,
        "rank": 1,
        "norad_cat_id": 23314,
        "arc_arcsec": arc,
        "range_km": 37_000.0,
        "phase_angle_deg": 90.0,
        "rcs_m2": 1.3,
    }
    return pd.DataFrame([row | place])

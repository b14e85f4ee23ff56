"""Focal planes: the sky, the tangent plane of one exposure, and the pixels of its detectors.

The tangent plane has ``xi`` to the east and ``eta`` to the north, both in arcseconds. ZTF's
channels lie in it as in real alerts: 16 CCDs in rows of four with gaps between them, four
readout channels on each; x grows to the west, y to the south. Rubin has 21 rafts of 3 x 3 CCDs.
The origin, to which an exposure points, is the middle of the field; ZTF's lies in a gap.

The simulator has this tangent plane for itself, and not that of `fink_tracklets.sky.plane`: it is
to show the errors of what is measured in the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.sky.sphere import ARCSEC, ra_dec

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]


@dataclass(frozen=True)
class Mosaic:
    """Equal detectors in the tangent plane."""

    corner_xi: Floats
    """(n,) of each detector's north-eastern corner, where x = y = 0, to the east [arcsec]."""
    corner_eta: Floats
    """(n,) of the same corner, to the north [arcsec]."""
    n_columns: int
    """Pixels of a detector in x."""
    n_rows: int
    """Pixels of a detector in y."""
    pixel_arcsec: float
    """Side of a pixel."""

    @property
    def n_detectors(self) -> int:
        """ZTF's readout channels (rcid), Rubin's CCDs."""
        return len(self.corner_xi)

    @property
    def radius_deg(self) -> float:
        """Radius of the circle around the pointing that holds all detectors."""
        width, height = self.n_columns * self.pixel_arcsec, self.n_rows * self.pixel_arcsec
        east = np.maximum(np.abs(self.corner_xi), np.abs(self.corner_xi - width))
        north = np.maximum(np.abs(self.corner_eta), np.abs(self.corner_eta - height))
        return float(np.hypot(east, north).max() / 3600)


def _ztf() -> Mosaic:
    pixel, columns, rows, gap_ew, gap_ns = 1.0127, 3072, 3080, 471.0, 640.0
    ccd, channel = np.divmod(np.arange(64), 4)
    from_south, from_east = np.divmod(ccd, 4)
    width, height = columns * pixel, rows * pixel
    west_half = np.isin(channel, (1, 2))
    north_half = channel < 2
    xi = (1.5 - from_east) * (2 * width + gap_ew) + width * (1 - west_half)
    eta = (from_south - 1.5) * (2 * height + gap_ns) + height * north_half
    return Mosaic(xi, eta, columns, rows, pixel)


def _rubin() -> Mosaic:
    pixel, columns, rows, gap = 0.2, 4072, 4000, 25.0
    row, column = np.divmod(np.arange(225), 15)
    corner = (np.abs(row // 3 - 2) == 2) & (np.abs(column // 3 - 2) == 2)
    row, column = row[~corner], column[~corner]
    width, height = columns * pixel, rows * pixel
    xi = (7 - column) * (width + gap) + width / 2
    eta = (row - 7) * (height + gap) + height / 2
    return Mosaic(xi, eta, columns, rows, pixel)


ZTF, RUBIN = _ztf(), _rubin()


def random_pixels(
    rng: np.random.Generator, n: int, mosaic: Mosaic = ZTF
) -> tuple[Integers, Floats, Floats]:
    """``n`` uniform positions on the detectors: detector, x and y [pixels], each (n,)."""
    detector = rng.integers(mosaic.n_detectors, size=n)
    return detector, rng.uniform(0, mosaic.n_columns, n), rng.uniform(0, mosaic.n_rows, n)


def pixels_to_plane(
    detector: Integers, x: Floats, y: Floats, mosaic: Mosaic = ZTF
) -> tuple[Floats, Floats]:
    """Tangent-plane coordinates [arcsec] of pixel positions."""
    pixel = mosaic.pixel_arcsec
    return mosaic.corner_xi[detector] - pixel * x, mosaic.corner_eta[detector] - pixel * y


def plane_to_pixels(
    xi: Floats, eta: Floats, mosaic: Mosaic = ZTF
) -> tuple[Integers, Floats, Floats]:
    """Detector, x and y [pixels] of tangent-plane coordinates of shape (n,).

    The detector is -1, and x and y are NaN, in the gaps and outside the field.
    """
    x = (mosaic.corner_xi - xi[:, None]) / mosaic.pixel_arcsec
    y = (mosaic.corner_eta - eta[:, None]) / mosaic.pixel_arcsec
    inside = (x >= 0) & (x < mosaic.n_columns) & (y >= 0) & (y < mosaic.n_rows)
    detector = np.where(inside.any(axis=1), inside.argmax(axis=1), -1)
    rows = np.arange(len(xi))
    on_detector = detector >= 0
    return (
        detector,
        np.where(on_detector, x[rows, detector], np.nan),
        np.where(on_detector, y[rows, detector], np.nan),
    )


def plane_to_sky(
    ra0_deg: ArrayLike, dec0_deg: ArrayLike, xi: Floats, eta: Floats
) -> tuple[Floats, Floats]:
    """RA and Dec [deg] of tangent-plane coordinates (n,); one pointing, or one for each."""
    centre, east, north = _axes(ra0_deg, dec0_deg)
    return ra_dec(centre + (xi[:, None] * east + eta[:, None] * north) * ARCSEC)


def sky_to_plane(ra0_deg: ArrayLike, dec0_deg: ArrayLike, vectors: Floats) -> tuple[Floats, Floats]:
    """Tangent-plane coordinates [arcsec] of unit vectors (n, 3); NaN on the far half-sphere."""
    centre, east, north = _axes(ra0_deg, dec0_deg)
    depth = np.sum(vectors * centre, axis=-1) * ARCSEC
    depth = np.where(depth > 0, depth, np.nan)
    return np.sum(vectors * east, axis=-1) / depth, np.sum(vectors * north, axis=-1) / depth


def pixels_to_sky(
    ra0_deg: ArrayLike,
    dec0_deg: ArrayLike,
    detector: Integers,
    x: Floats,
    y: Floats,
    mosaic: Mosaic = ZTF,
) -> tuple[Floats, Floats]:
    """RA and Dec [deg] of pixel positions (n,); one pointing, or one for each."""
    return plane_to_sky(ra0_deg, dec0_deg, *pixels_to_plane(detector, x, y, mosaic))


def _axes(ra0_deg: ArrayLike, dec0_deg: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Unit vectors to the pointing, the east and the north."""
    ra0, dec0 = np.radians(ra0_deg), np.radians(dec0_deg)
    cos_ra, sin_ra, cos_dec, sin_dec = np.cos(ra0), np.sin(ra0), np.cos(dec0), np.sin(dec0)
    centre = np.stack([cos_dec * cos_ra, cos_dec * sin_ra, sin_dec], axis=-1)
    east = np.stack([-sin_ra, cos_ra, np.zeros_like(ra0)], axis=-1)
    north = np.stack([-sin_dec * cos_ra, -sin_dec * sin_ra, cos_dec], axis=-1)
    return centre, east, north

"""ZTF's focal plane: the sky, the tangent plane of one exposure, and the pixels of 64 channels.

The tangent plane has ``xi`` to the east and ``eta`` to the north, both in arcseconds. The
channels lie in it as in real ZTF alerts: 16 CCDs in rows of four with gaps between them, four
readout channels on each; x grows to the west, y to the south. The origin, to which an exposure
points, is the middle of a CCD, because the centre of the field lies in a gap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.sphere import ARCSEC, ra_dec

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]

N_CHANNELS = 64
N_COLUMNS, N_ROWS = 3072, 3080
PIXEL = 1.0127
"""Pixel size [arcsec]."""
GAP_EAST_WEST, GAP_NORTH_SOUTH = 471.0, 640.0
"""Between neighbouring CCDs [arcsec]."""


def _channel_corners() -> tuple[Floats, Floats]:
    """The north-eastern corner (xi, eta) of every channel, where x = y = 0."""
    ccd, channel = np.divmod(np.arange(N_CHANNELS), 4)
    from_south, from_east = np.divmod(ccd, 4)
    width, height = N_COLUMNS * PIXEL, N_ROWS * PIXEL
    west_half = np.isin(channel, (1, 2))
    north_half = channel < 2
    xi = (1 - from_east) * (2 * width + GAP_EAST_WEST) + width * (1 - west_half)
    eta = (from_south - 2) * (2 * height + GAP_NORTH_SOUTH) + height * north_half
    return xi, eta


CORNER_XI, CORNER_ETA = _channel_corners()


def random_pixels(rng: np.random.Generator, n: int) -> tuple[Integers, Floats, Floats]:
    """``n`` uniform positions on the detectors: channel (rcid), x and y [pixels], each (n,)."""
    rcid = rng.integers(N_CHANNELS, size=n)
    return rcid, rng.uniform(0, N_COLUMNS, n), rng.uniform(0, N_ROWS, n)


def pixels_to_plane(rcid: Integers, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Tangent-plane coordinates [arcsec] of pixel positions."""
    return CORNER_XI[rcid] - PIXEL * x, CORNER_ETA[rcid] - PIXEL * y


def plane_to_pixels(xi: Floats, eta: Floats) -> tuple[Integers, Floats, Floats]:
    """Channel, x and y [pixels] of tangent-plane coordinates of shape (n,).

    The channel is -1, and x and y are NaN, in the gaps and outside the field.
    """
    x = (CORNER_XI - xi[:, None]) / PIXEL
    y = (CORNER_ETA - eta[:, None]) / PIXEL
    inside = (x >= 0) & (x < N_COLUMNS) & (y >= 0) & (y < N_ROWS)
    rcid = np.where(inside.any(axis=1), inside.argmax(axis=1), -1)
    rows = np.arange(len(xi))
    on_detector = rcid >= 0
    return (
        rcid,
        np.where(on_detector, x[rows, rcid], np.nan),
        np.where(on_detector, y[rows, rcid], np.nan),
    )


def plane_to_sky(
    ra0_deg: ArrayLike, dec0_deg: ArrayLike, xi: Floats, eta: Floats
) -> tuple[Floats, Floats]:
    """RA and Dec [deg] of tangent-plane coordinates (n,); one pointing, or one for each."""
    ra0, dec0 = np.radians(ra0_deg), np.radians(dec0_deg)
    cos_ra, sin_ra, cos_dec, sin_dec = np.cos(ra0), np.sin(ra0), np.cos(dec0), np.sin(dec0)
    centre = np.stack([cos_dec * cos_ra, cos_dec * sin_ra, sin_dec], axis=-1)
    east = np.stack([-sin_ra, cos_ra, np.zeros_like(ra0)], axis=-1)
    north = np.stack([-sin_dec * cos_ra, -sin_dec * sin_ra, cos_dec], axis=-1)
    return ra_dec(centre + (xi[:, None] * east + eta[:, None] * north) * ARCSEC)


def pixels_to_sky(
    ra0_deg: ArrayLike, dec0_deg: ArrayLike, rcid: Integers, x: Floats, y: Floats
) -> tuple[Floats, Floats]:
    """RA and Dec [deg] of pixel positions (n,); one pointing, or one for each."""
    return plane_to_sky(ra0_deg, dec0_deg, *pixels_to_plane(rcid, x, y))

"""The images in a packet: 63 x 63 pixels around an alert, as FITS.

Rows of an image are y, columns are x, and its middle pixel holds the alert. The difference shows
all that the exposure has there: every flash, detected or not, other detections, what the template's
stars leave behind, cosmic rays. The science image has the template's stars besides. Pixels past
the detector's edge are NaN.

The files are written here, not by `astropy.io.fits`: one header serves all, and the same image
gives the same bytes whatever the version.
"""

from __future__ import annotations

import gzip
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa

from fink_tracklets.simulate.instruments import Instrument
from fink_tracklets.simulate.mosaic import Floats
from fink_tracklets.simulate.packets import STAMPS

SIZE = 63
"""Side of a stamp [pixels]."""
HALF = SIZE // 2
STREAK = 7
"""Points that a flash is drawn with."""
STARS_PER_STAMP = 4.0
"""Mean number of stars in a template."""
SKY = 105.0
"""Level of the template and the science image [counts]."""
QUIETER = 0.7
"""A pixel's noise over what the limiting magnitude says: the median of real packets."""
REGISTRATION = 0.05
"""Shift of the template's stars against the science image [pixels], one axis: leaves dipoles as
strong as in real packets."""
COSMIC_RAYS = 0.04
"""Mean number in a stamp, as in 54 real packets; of one or two pixels."""


def sources_of(
    columns: dict[str, np.ndarray], detections: pd.DataFrame, emitted: pd.DataFrame
) -> dict[tuple[int, int], Floats]:
    """All that the differences of a night show, by exposure and detector.

    Parameters
    ----------
    columns : of the packets
    detections : exposure, track (-1 if none), detector, x, y, in the packets' order
    emitted : of all flashes on a detector, as `glints.Glints` has them

    Returns
    -------
    (n, 6) each: x, y [pixels], magnitude, dx, dy [pixels] (the streak that it is drawn out to) and
    the sign
    """
    sign = np.where(np.isin(columns["isdiffpos"].astype(str), ("f", "0")), -1.0, 1.0)
    others = detections.assign(mag=columns["magpsf"], dx=0.0, dy=0.0, sign=sign)
    others = others[others["track"] < 0].drop_duplicates(["exposure", "detector", "x", "y"])
    everything = pd.concat([part for part in (others, emitted.assign(sign=1.0)) if len(part)])
    everything = everything.sort_values(["exposure", "detector"], kind="stable")
    keys = everything[["exposure", "detector"]].to_numpy(int)
    values = everything[["x", "y", "mag", "dx", "dy", "sign"]].to_numpy(float)
    first = np.flatnonzero(np.any(np.diff(keys, axis=0, prepend=-1), axis=1))
    parts = np.split(values, first[1:])
    return {(int(a), int(b)): part for (a, b), part in zip(keys[first], parts, strict=True)}


def draw_stamps(
    columns: dict[str, np.ndarray],
    detections: pd.DataFrame,
    sources: dict[tuple[int, int], Floats],
    instrument: Instrument,
    every: bool,
    seed: int,
) -> dict[str, pa.Array]:
    """Stamps of packets: a column of binary for each of `packets.STAMPS`, null where none is.

    An alert's stamps depend on the seed and its id, not on its place in the table.

    Parameters
    ----------
    columns : of the packets
    detections : exposure, role, detector, x, y, in the packets' order
    sources : of `sources_of`
    every : also of alerts that are no candidates
    """
    data: dict[str, list[bytes | None]] = {name: [] for name in STAMPS}
    fields = ("exposure", "role", "detector", "x", "y")
    rows = zip(*(detections[name].to_numpy() for name in fields), strict=True)
    for i, (exposure, role, detector, x, y) in enumerate(rows):
        if not (every or role == "candidate"):
            for name in STAMPS:
                data[name].append(None)
            continue
        rng = np.random.default_rng([seed, int(columns["candid"][i])])
        zero_point, limit = float(columns["magzpsci"][i]), float(columns["diffmaglim"][i])
        stamps = draw_stamp(rng, x, y, sources[exposure, detector], zero_point, limit, instrument)
        for name, stamp in zip(STAMPS, stamps, strict=True):
            data[name].append(fits(stamp, instrument))
    return {name: pa.array(values, pa.binary()) for name, values in data.items()}


def draw_stamp(
    rng: np.random.Generator,
    x: float,
    y: float,
    sources: Floats,
    zero_point: float,
    limiting_mag: float,
    instrument: Instrument,
) -> tuple[Floats, Floats, Floats]:
    """Science, template and difference (63, 63) [counts] around pixel x, y.

    Parameters
    ----------
    sources : (n, 6) of what is in the difference, as of `sources_of`
    zero_point : magnitude of one count
    """
    # A pixel's noise, from the limiting magnitude.
    sigma = instrument.fwhm_arcsec / instrument.mosaic.pixel_arcsec / 2.355
    # 5 sigma of a point source, measured with its own profile as weight.
    limit = 10 ** (0.4 * (zero_point - limiting_mag)) / 5 / (2 * np.sqrt(np.pi) * sigma)
    noise = QUIETER * limit

    # The template's stars; a little off in the difference, where they leave dipoles behind.
    column = np.round(x) + np.arange(-HALF, HALF + 1)
    row = np.round(y) + np.arange(-HALF, HALF + 1)
    n_stars = rng.poisson(STARS_PER_STAMP)
    stars = np.stack(
        [
            rng.uniform(column[0], column[-1], n_stars),
            rng.uniform(row[0], row[-1], n_stars),
            limiting_mag + 1.5 - rng.exponential(1.5, n_stars),
        ],
        axis=1,
    )
    moved = stars + np.append(rng.normal(0.0, REGISTRATION, 2), 0.0)
    template = _points(stars, column, row, zero_point, sigma)
    difference = _points(moved, column, row, zero_point, sigma) - template

    # All that the exposure shows there: sources of either sign, noise, cosmic rays.
    for sign in (1.0, -1.0):
        of_sign = sources[sources[:, 5] == sign, :5]
        difference += sign * _points(_streaks(of_sign), column, row, zero_point, sigma)
    difference += rng.normal(0.0, noise, (SIZE, SIZE))
    for _ in range(rng.poisson(COSMIC_RAYS)):
        at_y, at_x = rng.integers(SIZE - 1, size=2)
        difference[at_y, at_x] += noise * rng.uniform(10, 60)
        difference[at_y + rng.integers(2), at_x + 1] += noise * rng.uniform(0, 30)

    # The science image is the sum; no image goes past the detector's edge.
    template_noise = rng.normal(0.0, 0.2 * noise, (SIZE, SIZE))
    template = SKY + template + template_noise
    outside_x = (column < 0) | (column >= instrument.mosaic.n_columns)
    outside_y = (row < 0) | (row >= instrument.mosaic.n_rows)
    outside = outside_y[:, None] | outside_x[None, :]
    science, template, difference = (
        np.where(outside, np.nan, image) for image in (template + difference, template, difference)
    )
    return science, template, difference


def _streaks(sources: Floats) -> Floats:
    """Each source (x, y, mag, dx, dy) as `STREAK` points (x, y, mag) along its way."""
    part = np.linspace(-0.5, 0.5, STREAK)[:, None]
    x, y, mag, dx, dy = sources.T
    points = np.stack([x + part * dx, y + part * dy, mag + 0 * part + 2.5 * np.log10(STREAK)], -1)
    return points.reshape(-1, 3)


def _points(
    sources: Floats, column: Floats, row: Floats, zero_point: float, sigma: float
) -> Floats:
    """Gaussian points of the sources near the stamp."""
    near = (np.abs(sources[:, 0] - column[HALF]) < HALF + 6 * sigma) & (
        np.abs(sources[:, 1] - row[HALF]) < HALF + 6 * sigma
    )
    x, y, mag = sources[near].T
    counts = 10 ** (0.4 * (zero_point - mag)) / (2 * np.pi * sigma**2)
    along = np.exp(-0.5 * ((column - x[:, None]) / sigma) ** 2)
    down = np.exp(-0.5 * ((row - y[:, None]) / sigma) ** 2)
    return (down * counts[:, None]).T @ along


@cache
def _header(pixel_arcsec: float | None) -> bytes:
    """The header of all stamps; with a pixel's side it tells that x grows to the west, y south."""
    cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                  -32",
        "NAXIS   =                    2",
        f"NAXIS1  = {SIZE:20d}",
        f"NAXIS2  = {SIZE:20d}",
        "BUNIT   = 'DN      '",
    ]
    if pixel_arcsec is not None:
        cards += [f"{name}   = {-pixel_arcsec / 3600:20.12E}" for name in ("CD1_1", "CD2_2")]
        cards += [f"{name}   = {0.0:20.12E}" for name in ("CD1_2", "CD2_1")]
    return "".join(card.ljust(80) for card in [*cards, "END"]).ljust(2880).encode()


def fits(image: Floats, instrument: Instrument) -> bytes:
    """An image (63, 63) as a FITS file, as the survey has them; the same one gives the same bytes.

    Gzipped, or plain with its place on the sky.
    """
    pixel = instrument.mosaic.pixel_arcsec if instrument.stamps_have_wcs else None
    body = image.astype(">f4").tobytes()
    whole = _header(pixel) + body + bytes(-len(body) % 2880)
    return whole if instrument.stamps_have_wcs else gzip.compress(whole, compresslevel=1, mtime=0)

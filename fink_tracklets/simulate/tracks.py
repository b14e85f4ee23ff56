"""Tracklets: flashes of a satellite along a smooth curve, as one exposure records them.

The distributions follow Karpov & Peloton 2022 (P1) section 2: a median of 9 flashes and of
416 arcsec, a third of the satellites geosynchronous, a few in low orbits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fink_tracklets.simulate import mosaic
from fink_tracklets.simulate.mosaic import Floats, Integers
from fink_tracklets.sphere import ARCSEC

MIN_POINTS, MAX_POINTS = 5, 100
BLEND = 3.0
"""Flashes closer than this [arcsec] are one detection."""
MAX_CURVATURE = 0.43
"""Of real satellites during an exposure [1/rad]."""


@dataclass(frozen=True)
class Tracklet:
    """The detections of one satellite in one exposure, arrays of shape (n,) in order of time."""

    ra: Floats
    """[deg]"""
    dec: Floats
    """[deg]"""
    rcid: Integers
    x: Floats
    """[pixels]"""
    y: Floats
    """[pixels]"""


def draw_sizes(rng: np.random.Generator, n: int) -> Integers:
    """Numbers of detections of ``n`` tracklets: median 9, 5 to 100."""
    sizes = np.rint(rng.lognormal(np.log(9.0), 0.7, n)).astype(int)
    return np.clip(sizes, MIN_POINTS, MAX_POINTS)


def draw_lengths(rng: np.random.Generator, n: int) -> Floats:
    """Arc lengths [arcsec] of ``n`` tracklets, in random order.

    A third moves as a geosynchronous satellite does, 15 arcsec per second for 30 s; one in
    eight crosses degrees in a low orbit; the others are log-normal around 416 arcsec. Each
    group has its share in every draw (stratified).
    """
    share = (rng.permutation(n) + rng.uniform(size=n)) / max(n, 1)
    geosynchronous = rng.normal(450.0, 15.0, n)
    low = rng.uniform(1.0, 3.0, n) * 3600.0
    other = rng.lognormal(np.log(416.0), 0.6, n)
    return np.select([share < 1 / 3, share > 7 / 8], [geosynchronous, low], other)


def draw_tracklet(
    rng: np.random.Generator, ra0_deg: float, dec0_deg: float, n_points: int, length: float
) -> Tracklet:
    """A satellite somewhere in a field, with exactly ``n_points`` detections.

    Its path is a parabola over a straight line of the tangent plane, that is over a great
    circle. Half of the satellites flash periodically, the others at random.

    Parameters
    ----------
    ra0_deg, dec0_deg : to which the exposure points
    n_points : number of flashes that fall on a detector; those in the gaps are lost
    length : arc from the first to the last flash [arcsec], at least twice `BLEND` per flash
    """
    length = max(length, 2 * BLEND * n_points)
    curvature = rng.uniform(-MAX_CURVATURE, MAX_CURVATURE) * ARCSEC
    noise = rng.uniform(0.1, 0.3)
    periodic = rng.uniform() < 0.5
    while True:
        # A tenth of the field is gaps, so that long arcs lose flashes.
        lost = rng.geometric(1 / (1 + 0.1 * n_points)) - 1
        n_flashes = min(n_points + lost, int(length / BLEND))
        along = _flashes(rng, n_flashes, length, periodic)
        across = curvature * along**2 / 2
        xi, eta = _place(rng, along, across) + rng.normal(0.0, noise, (2, n_flashes))
        rcid, x, y = mosaic.plane_to_pixels(xi, eta)
        seen = rcid >= 0
        if seen.sum() == n_points:
            ra, dec = mosaic.plane_to_sky(ra0_deg, dec0_deg, xi[seen], eta[seen])
            return Tracklet(ra, dec, rcid[seen], x[seen], y[seen])


def _flashes(rng: np.random.Generator, n: int, length: float, periodic: bool) -> Floats:
    """Positions [arcsec] of ``n`` flashes from -length/2 to length/2, at least `BLEND` apart."""
    if periodic:
        return np.linspace(-length / 2, length / 2, n)
    free = length - (n - 1) * BLEND
    inner = np.sort(rng.uniform(0.0, free, n - 2))
    return np.concatenate([[0.0], inner, [free]]) + BLEND * np.arange(n) - length / 2


def _place(rng: np.random.Generator, along: Floats, across: Floats) -> Floats:
    """Tangent-plane coordinates (2, n) of a path whose middle and direction are random."""
    rcid, x, y = mosaic.random_pixels(rng, 1)
    middle = np.stack(mosaic.pixels_to_plane(rcid, x, y))
    angle = rng.uniform(0.0, 2 * np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    return middle + np.stack([cos * along - sin * across, sin * along + cos * across])

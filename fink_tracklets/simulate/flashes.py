"""How rotating objects flash, and which of the flashes an image shows as a point.

P2 is Karpov & Peloton 2023 (arXiv 2310.17322). A facet throws the Sun's image past the site once
per turn. While the flash lasts it is as bright as a specular sphere with the facet's radius of
curvature; in the exposure it is fainter by P2's eq. 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fink_tracklets.simulate.instruments import Instrument
from fink_tracklets.simulate.mosaic import Floats
from fink_tracklets.simulate.orbits import Passage
from fink_tracklets.sky.sphere import ARCSEC, separation

SUN_MAG = -26.74
ALBEDO = 0.5
FLASHING = {
    "LEO": 0.12,
    "MEO": 0.12,
    "GEO": 0.3,
    "GEO inclined": 0.19,
    "GTO": 0.055,
    "Molniya": 0.045,
    "other": 0.05,
}
"""Share of each orbit class that flashes at all: inactive, rotating, with a flat facet."""
PERIOD, PERIOD_LEO = (5.0, 0.9), (0.8, 0.6)
"""Median [s] and width (natural logarithm) of the log-normal of periods."""
TUMBLING, TUMBLING_PERIOD = 0.7, (40.0, 0.6)
"""Share of the objects beyond low orbit that turn slowly, and their periods [s]."""
SIZE, SIZE_LEO = (2.2, 0.7), (0.35, 0.5)
"""Median [m] and width of the facets' radii of curvature."""
DUTY = (1 / 400, 0.5)
"""Flash duration over period: the Sun's half degree and a facet's unevenness."""
DRIFT = 0.35
"""Largest amplitude of the slow change of brightness [mag]."""
BLEND = 1.5
"""Flashes closer than this [FWHM] are one source, a point only when one outshines the other."""
OUTSHINES = 1.5
"""By so much one source outshines another [mag]."""
MISSED = 0.05
"""Share of good flashes that the pipeline loses all the same."""


@dataclass(frozen=True)
class Spin:
    """How an object flashes, the same on every night."""

    period_s: float
    """How long one turn takes."""
    duration_s: float
    """How long a flash lasts."""
    size_m: float
    """Radius of the specular sphere that the facet's flash is as bright as."""
    strength: Floats
    """(1 to 3,) brightness of the flashes in a turn, relative to the first."""
    turn: Floats
    """(1 to 3,) where in the turn they come, 0 to 1."""
    drift_mag: float
    """Amplitude of the slow change of brightness."""
    drift_period_s: float
    """Period of that change."""


@dataclass(frozen=True)
class EmittedFlashes:
    """All flashes of an object in one exposure, arrays of shape (n,) in order of time."""

    seconds: Floats
    """When they come, after the exposure's start."""
    instant_mag: Floats
    """How bright each is while it lasts."""
    mag: Floats
    """How bright each is when spread over the exposure."""


def draw_spin(seed: int, norad_cat_id: int, orbit_class: str, always: bool = False) -> Spin | None:
    """The spin of an object; None if it does not flash, unless it shall ``always``."""
    rng = np.random.default_rng([seed, 3, norad_cat_id])
    if rng.uniform() >= FLASHING[orbit_class] and not always:
        return None
    # How fast it turns and how large its facet is, by its orbit.
    low = orbit_class == "LEO"
    tumbling = rng.uniform() < TUMBLING and not low
    median, width = PERIOD_LEO if low else TUMBLING_PERIOD if tumbling else PERIOD
    period = median * rng.lognormal(0.0, width)
    size, scatter = SIZE_LEO if low else SIZE
    # One to three facets, of which the first is the brightest.
    n = rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2])
    others = np.sort(rng.uniform(0.1, 0.9, n - 1))
    return Spin(
        period_s=float(period),
        duration_s=float(period * DUTY[0] * rng.lognormal(0.0, DUTY[1])),
        size_m=float(size * rng.lognormal(0.0, scatter)),
        strength=np.concatenate([[1.0], rng.uniform(0.1, 0.9, n - 1)]),
        turn=np.concatenate([[0.0], others]),
        drift_mag=float(rng.uniform(0.0, DRIFT)),
        drift_period_s=float(30.0 * rng.lognormal(1.0, 0.7)),
    )


def flash(
    rng: np.random.Generator, spin: Spin, range_km: float, exposure_time_s: float
) -> EmittedFlashes:
    """The flashes of an exposure, at a random phase of the turn and of the drift.

    Instant magnitude of a specular sphere: the Sun's, times ALBEDO (size / 2 distance)^2.
    """
    # All flashes of all turns that begin before the exposure ends; those within it are kept.
    first = -rng.uniform(0.0, 1.0) * spin.period_s
    turns = np.arange(np.ceil((exposure_time_s - first) / spin.period_s) + 1)
    seconds = (first + spin.period_s * (turns[:, None] + spin.turn)).ravel()
    strength = np.tile(spin.strength, len(turns))
    inside = (seconds >= 0) & (seconds < exposure_time_s)
    seconds, strength = seconds[inside], strength[inside]
    # P2's equation 2 takes the magnitude of the moment to that in the exposure.
    drift = np.sin(2 * np.pi * (seconds / spin.drift_period_s + rng.uniform()))
    gain = ALBEDO * (spin.size_m / (2000.0 * range_km)) ** 2 * strength
    instant = SUN_MAG - 2.5 * np.log10(gain) + spin.drift_mag * drift
    mag = instant - 2.5 * np.log10(spin.duration_s / exposure_time_s)
    return EmittedFlashes(seconds, instant, mag)


def resolved(flashes: EmittedFlashes, vectors: Floats, fwhm_arcsec: float) -> np.ndarray:
    """Which flashes stand apart from their neighbours, or outshine them.

    Parameters
    ----------
    vectors : (n, 3) where the flashes are
    """
    # Against the next one and the one after that, in either direction.
    alone = np.ones(len(vectors), dtype=bool)
    for step in (1, 2):
        near = separation(vectors[step:], vectors[:-step]) < BLEND * fwhm_arcsec * ARCSEC
        fainter = flashes.mag[step:] - flashes.mag[:-step]
        alone[step:] &= ~near | (fainter < -OUTSHINES)
        alone[:-step] &= ~near | (fainter > OUTSHINES)
    return alone


def is_point(spin: Spin, passage: Passage, fwhm_arcsec: float) -> bool:
    """Whether the object moves less than a point's width during a flash."""
    return spin.duration_s * passage.arc_arcsec / passage.exposure_time_s < fwhm_arcsec


def measure(
    rng: np.random.Generator, mag: Floats, limiting_mag: float, instrument: Instrument
) -> tuple[Floats, Floats, Floats]:
    """Measured magnitudes, their errors and the positions' errors [arcsec, one axis].

    The limit is 5 sigma; what is fainter has the errors of the limit.
    """
    noise_to_signal = 0.2 * 10 ** (-0.4 * (limiting_mag - mag).clip(min=0.0))
    error = 1.0857 * noise_to_signal + 0.02
    position = np.hypot(instrument.noise_arcsec, instrument.centroid_arcsec * noise_to_signal)
    return mag + rng.normal(0.0, 1.0, len(mag)) * error, error, position

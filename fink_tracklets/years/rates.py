"""Flashes per hour over the whole sky: from counts and the area and time really exposed.

Flashes come in tracks, so their numbers scatter more than single events: the variance of a sum is
the sum of each track's squared number (a compound Poisson process), which a summary holds. N
flashes with a sum of squares S scatter as N^2 / S tracks of S / N flashes each; of so few the
limits are those of a Poisson number (Gehrels 1986, ApJ 303, 336, equations 7 and 14 at one standard
deviation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy_healpix import HEALPix
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.survey import Survey
from fink_tracklets.tables.summary import (
    BLIND,
    INSTANT,
    LOOKED,
    MAG,
    MULTI,
    NSIDE,
    SAMPLES,
    STAMPED,
    TRACKLET,
    TRACKLET_MATCH,
)
from fink_tracklets.years.completeness import Completeness
from fink_tracklets.years.published import SKY_DEG2
from fink_tracklets.years.span import Span
from fink_tracklets.years.summary import Summary

Array = NDArray[np.float64]
MS_PER_HOUR = 3_600_000.0


@dataclass(frozen=True)
class SkyRate:
    """Flashes per hour over the whole sky."""

    per_hour: float
    down: float
    """One standard deviation below: of the tracks' number, and where it is corrected of the
    correction."""
    up: float
    """The same above."""
    n: int
    """Flashes that were counted."""
    sky_hours: float
    """Skies times hours exposed."""
    correction_error: float = 0.0
    """The part of the error that is the correction's."""

    @property
    def error(self) -> float:
        """The mean of both errors."""
        return (self.down + self.up) / 2

    @property
    def per_deg2_hour(self) -> float:
        """The same per square degree."""
        return self.per_hour / SKY_DEG2


def sky_hours(milliseconds: float, survey: Survey) -> float:
    """Skies times hours that exposures of a survey cover."""
    return milliseconds / MS_PER_HOUR * survey.field_area_deg2 / SKY_DEG2


def sky_rate(span: Span, kind: str) -> SkyRate | None:
    """The rate as P2 section 4 has it: counts over area and time, nothing corrected.

    Parameters
    ----------
    kind : tracklet, satellite (matched either way), or any of the three kinds of evidence

    Returns
    -------
    None where no night was looked at in that way.
    """
    s = span.summary
    matched, every = BLIND | TRACKLET_MATCH, BLIND | TRACKLET_MATCH | TRACKLET | MULTI
    both = LOOKED | STAMPED
    exposed, bits, any_of = {
        "tracklet": ("exposure_ms", TRACKLET, 0),
        "satellite": ("exposure_looked_ms", LOOKED, matched),
        "any": ("exposure_full_ms", both, every),
    }[kind]
    hours = sky_hours(s.number(exposed), span.survey)
    if not hours:
        return None
    n = s.evidence(bits, any_of=any_of)
    inside = s.evidence(bits | TRACKLET, any_of=any_of)
    down, up = limits(n, n - inside + inside * spread(s))
    return SkyRate(n / hours, float(down) / hours, float(up) / hours, n, hours)


def limits(n: ArrayLike, squares: ArrayLike) -> tuple[Array, Array]:
    """One standard deviation below and above numbers of flashes that come in tracks.

    Parameters
    ----------
    n, squares : the flashes, and the sum of each track's squared number of them
    """
    number, square = np.asarray(n, float), np.asarray(squares, float)
    each = np.where(number > 0, square / np.maximum(number, 1), 1.0)
    tracks = number / each
    down = each * np.sqrt(np.maximum(tracks - 0.25, 0.0))
    up = each * (1 + np.sqrt(tracks + 0.75))
    return np.minimum(down, number), up


def spread(s: Summary) -> float:
    """Variance over number of the events in tracklets; 1 for events that come singly."""
    n = s.evidence(TRACKLET)
    return max(1.0, float(s["squares/mag"][-1]) / n) if n else 1.0


@dataclass(frozen=True, eq=False)
class Cumulative:
    """A rate above each of many magnitudes."""

    mag: Array
    """(n,) the magnitudes."""
    per_hour: Array
    """(n,) of flashes as bright or brighter, per hour and sky."""
    down: Array
    """(n,) one standard deviation below."""
    up: Array
    """(n,) and above."""


def by_instant_magnitude(span: Span, kind: str = "matched") -> Cumulative | None:
    """P2's figure 5, right: the cumulative rate over the flashes' own magnitudes.

    Parameters
    ----------
    kind : matched, with the satellite's path, or tracklet, with the tracklet's length where that is
        not known, which makes magnitudes too faint
    """
    s = span.summary
    n = np.cumsum(s[f"instant/{kind}"])
    hours = sky_hours(s.number("exposure_full_ms"), span.survey)
    if not hours or not n[-1]:
        return None
    squares = s["squares/instant"] if kind == "matched" else n * spread(s)
    down, up = limits(n, squares)
    return Cumulative(INSTANT.edges[1:], n / hours, down / hours, up / hours)


def effective_hours(s: Summary, survey: Survey, completeness: Completeness | None) -> Array:
    """Skies times hours in which flashes of each magnitude would be counted, (MAG.n,).

    An exposure counts for a magnitude as far as its limit lies beyond, and as far as such flashes
    become alerts of tracklets; exposures without a limit count as the others do in the mean.
    """
    depth = s["depth"].astype(float)
    known = depth.sum()
    if not known:
        return np.zeros(MAG.n)
    depth *= 1 + s.number("depth_unknown_ms") / known
    beyond = MAG.middles[None, :] - MAG.middles[:, None]  # limit less magnitude
    limit = np.broadcast_to(MAG.middles, beyond.shape)
    share = (beyond >= 0) * 1.0 if completeness is None else completeness.share(limit, beyond)
    return np.asarray(share @ depth / MS_PER_HOUR * survey.field_area_deg2 / SKY_DEG2)


def corrected_rate(
    s: Summary, survey: Survey, above: float, completeness: Completeness | None
) -> SkyRate | None:
    """The rate of all flashes brighter in the exposure than a magnitude, detected or not.

    Each magnitude's number is divided by the hours in which it would be counted. The error is that
    of the tracks' numbers and that of the correction, by leaving out one night of it at a time.

    Returns
    -------
    None where no exposure shows flashes of one of these magnitudes.
    """
    bins = MAG.edges[1:] <= above + 1e-9
    counts = s["mag/tracklet"] * (completeness.recall(s) if completeness else 1.0)
    hours_of_all = effective_hours(s, survey, completeness)

    def rate(of: Completeness | None) -> float | None:
        hours = effective_hours(s, survey, of)
        if (hours[bins & (counts > 0)] <= 0).any() or not hours[bins].any():
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.nansum((counts / hours)[bins]))

    value = rate(completeness)
    if value is None:
        return None
    n = int(s["mag/tracklet"][bins].sum())
    last = int(bins.sum()) - 1
    down, up = (float(part) for part in limits(n, s["squares/mag"][last]))
    others = [] if completeness is None else completeness.without_one()
    left = [one for one in map(rate, others) if one is not None]
    jackknife = 0.0
    if len(left) > 1:
        jackknife = float(np.sqrt((len(left) - 1) * np.var(left)))
    each = value / n if n else 1 / float(hours_of_all[bins].max())
    hours = sky_hours(s.number("exposure_ms"), survey)
    low, high = (float(np.hypot(each * part, jackknife)) for part in (down, up))
    return SkyRate(value, low, high, n, hours, jackknife)


def stated_magnitude(s: Summary) -> float:
    """A magnitude above which nearly every exposure shows flashes: one brighter than the limit
    that nine of ten exposures reach, in half magnitudes."""
    ends = np.cumsum(s["depth"])
    if not ends[-1]:
        return float(MAG.low)
    tenth = MAG.middles[np.searchsorted(ends, 0.1 * ends[-1])]
    return float(np.floor(2 * (tenth - 1)) / 2)


@dataclass(frozen=True, eq=False)
class ByDeclination:
    """Rates in bands of declination."""

    edges: Array
    """(n + 1,) [deg, ICRS]."""
    per_deg2_hour: Array
    """(n,) NaN where less than a hundredth of the best band's time was exposed."""
    down: Array
    """(n,) one standard deviation below."""
    up: Array
    """(n,) and above."""
    n: NDArray[np.int64]
    """(n,) flashes that were counted."""
    deg2_hours: Array
    """(n,) area times time exposed."""


def by_declination(span: Span, kind: str = "tracklet", step: float = 10.0) -> ByDeclination:
    """The rate per square degree and hour in bands of declination, from the sky maps."""
    s, survey = span.summary, span.survey
    edges = np.arange(-90, 90 + step, step)
    grid = HEALPix(NSIDE, order="ring")
    band = np.digitize(grid.healpix_to_lonlat(np.arange(grid.npix))[1].deg, edges[1:-1])
    n = np.bincount(band, s[f"map/{kind}"], len(edges) - 1).astype(np.int64)
    exposed = np.bincount(band, s["map/exposure"], len(edges) - 1)
    hours = exposed * survey.field_area_deg2 / SAMPLES**2 / MS_PER_HOUR
    enough = hours > 0.01 * hours.max()
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(enough, n / hours, np.nan)
        down, up = (np.where(enough, part / hours, np.nan) for part in limits(n, n * spread(s)))
    return ByDeclination(edges, rate, down, up, n, hours)

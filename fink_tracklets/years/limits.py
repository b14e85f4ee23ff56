"""What a survey's images show of a flash: detection limits, trails, and what another would see.

P1 section 3.4, P2 section 4 and its figure 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.survey.image import Imager
from fink_tracklets.tables.summary import MAG
from fink_tracklets.years.rates import effective_hours
from fink_tracklets.years.span import Span

Array = NDArray[np.float64]
DURATIONS_S = (0.1, 0.03, 0.01, 0.003, 0.001)
"""Assumed true durations: P1 says 0.1 to 0.001 s."""


def flash_limit(duration_s: ArrayLike, imager: Imager) -> Array:
    """The faintest instant magnitude of a flash that an exposure detects (P2 equation 2, solved).

    Parameters
    ----------
    duration_s : of the flash; one longer than the exposure is as bright as a steady source
    """
    part = np.minimum(np.asarray(duration_s, float) / imager.exposure_time_s, 1.0)
    return np.asarray(imager.image.limiting_mag + 2.5 * np.log10(part))


def trail_limit(arc_arcsec: ArrayLike, imager: Imager, exposure_s: float) -> Array:
    """The faintest steady magnitude of a moving object whose trail shows: one point's width of it
    is as bright as the limit.

    Parameters
    ----------
    arc_arcsec : its path in `exposure_s` [s]
    """
    arc = np.asarray(arc_arcsec, float) * imager.exposure_time_s / exposure_s
    part = np.minimum(imager.image.width_arcsec / arc, 1.0)
    return np.asarray(imager.image.limiting_mag + 2.5 * np.log10(part))


@dataclass(frozen=True, eq=False)
class Forecast:
    """The flashes of one survey as another would see them."""

    seen_by: Imager
    other: Imager
    deeper_mag: float
    """How much fainter a flash the other detects: its limit, and its exposure's length."""
    trail_deeper_mag: float
    """How much fainter a steady object the other shows as a trail."""
    durations_s: Array
    """(n,) assumed true durations."""
    point_like: Array
    """(n, 2) share of matched events that are points in either, if all flashes last so long."""
    n: int
    """Matched events."""
    slope: float | None
    """Of log10 of the corrected numbers against magnitude, from 2.5 to 0.5 above the limit."""
    times_more: float | None
    """Flashes of the other in the same area and time, if numbers go on with this slope."""
    trailed: float | None
    """Share of matched events whose object would trail, were it `QUIESCENT` fainter than its flash
    while that lasts."""


QUIESCENT = 5.0
"""P1 section 3.4: typically up to 5 magnitudes fainter than the flashes' peaks."""


def forecast(span: Span, seen_by: Imager, other: Imager) -> Forecast | None:
    """What another survey sees of a span's flashes; None without a matched one.

    Points are shorter than half a point's width (P1 section 2.3). Of the true durations only upper
    limits are known: so some are assumed, the same for all.
    """
    matched = span.matched
    matched = matched[matched["arc_arcsec"].notna()]
    if matched.empty:
        return None
    exposure = span.survey.exposure_time_s
    arc, weight = matched["arc_arcsec"].to_numpy(float), matched["n_alerts"].to_numpy(float)
    durations = np.array(DURATIONS_S)
    shares = []
    for imager in (seen_by, other):
        longest = exposure * imager.image.width_arcsec / 2 / arc
        shares.append([weight[longest >= d].sum() / weight.sum() for d in durations])
    longer = 2.5 * np.log10(other.exposure_time_s / seen_by.exposure_time_s)
    deeper = other.image.limiting_mag - seen_by.image.limiting_mag
    wider = other.image.width_arcsec / other.exposure_time_s
    width = seen_by.image.width_arcsec / seen_by.exposure_time_s
    slope = _slope(span, seen_by.image.limiting_mag)
    trailed = None
    instant = matched["instant_mag"].to_numpy(float)
    if np.isfinite(instant).any():
        known = np.isfinite(instant)
        shows = trail_limit(arc[known], other, exposure) > instant[known] + QUIESCENT
        trailed = float(weight[known][shows].sum() / weight[known].sum())
    return Forecast(
        seen_by,
        other,
        float(deeper - longer),
        float(deeper + 2.5 * np.log10(wider / width)),
        durations,
        np.array(shares).T,
        int(weight.sum()),
        slope,
        None if slope is None else float(10 ** (slope * (deeper - longer))),
        trailed,
    )


def _slope(span: Span, limit: float) -> float | None:
    """Of log10 N(brighter than m), the hours being those that each magnitude was exposed."""
    hours = effective_hours(span.summary, span.survey, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.nan_to_num(span.summary["mag/tracklet"] / hours, posinf=0.0)
    above = np.cumsum(rate)
    ends = MAG.edges[1:]
    chosen = (ends > limit - 2.5) & (ends <= limit - 0.5) & (above > 0)
    if chosen.sum() < 3:
        return None
    return float(np.polyfit(ends[chosen], np.log10(above[chosen]), 1)[0])
